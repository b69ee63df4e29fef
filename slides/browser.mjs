// A deck in headless Chromium, for whatever looks at its slides. puppeteer-core is marp-cli's own.
import { createRequire } from 'node:module';
import fs from 'node:fs';
import { pathToFileURL } from 'node:url';

/// Starts Chromium, calls `use` with it, and ends it whatever happens. `marp` is marp-cli's program,
/// CHROME_PATH that of Chromium.
export async function withBrowser(marp, use) {
  const puppeteer = createRequire(fs.realpathSync(marp))('puppeteer-core');
  const browser = await puppeteer.launch({
    executablePath: process.env.CHROME_PATH,
    headless: true,
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--disable-gpu', '--disable-quic', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--no-first-run', '--hide-scrollbars',
      '--disable-dev-shm-usage',
    ],
    timeout: 120_000,
    protocolTimeout: 120_000,
  });
  try {
    return await use(browser);
  } finally {
    await browser.close();
  }
}

/// A page that is one slide large, without a network. Whatever it asks for from outside is refused,
/// and reported to `outside` by its address.
export async function openPage(browser, outside = () => {}) {
  const page = await browser.newPage();
  await page.setViewport({ width: 1280, height: 720 });
  await page.setRequestInterception(true);
  page.on('request', (request) => {
    if (/^(file|data|blob|about):/.test(request.url())) {
      request.continue();
    } else {
      outside(request.url());
      request.abort();
    }
  });
  await page.setOfflineMode(true);
  return page;
}

/// Opens a rendered deck; the number of its slides.
export async function openDeck(page, html) {
  await page.goto(pathToFileURL(html).href, { waitUntil: 'load' });
  return page.$$eval('svg[data-marpit-svg]', (slides) => slides.length);
}

/// Shows slide `number`, from 1.
export async function showSlide(page, number) {
  const shown = await page.evaluate(async (to) => {
    const slide = document.querySelectorAll('svg[data-marpit-svg]')[to - 1];
    location.hash = `#${to}`;
    const deadline = Date.now() + 60_000;
    while (!slide.classList.contains('bespoke-marp-active') && Date.now() < deadline) {
      await new Promise((turn) => { setTimeout(turn, 1); });
    }
    return slide.classList.contains('bespoke-marp-active');
  }, number);
  if (!shown) throw new Error(`slide ${number} does not appear`);
}
