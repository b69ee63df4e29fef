// contact-sheet.mjs MARP OUT DECK.html...: all slides of each deck as one picture, OUT/NAME.png.
import fs from 'node:fs';
import path from 'node:path';
import { openDeck, openPage, showSlide, withBrowser } from './browser.mjs';

const [marp, out, ...decks] = process.argv.slice(2);
const dark = process.env.LAB_DARK ? 'dark' : 'light';

await withBrowser(marp, async (browser) => {
  for (const deck of decks) {
    const page = await openPage(browser);
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: dark }]);
    const count = await openDeck(page, deck);
    await page.addStyleTag({ content: '.bespoke-marp-osc { display: none !important }' });
    const pictures = [];
    for (let number = 1; number <= count; ++number) {
      await showSlide(page, number);
      pictures.push(await page.screenshot({ encoding: 'base64' }));
    }
    const columns = 3;
    await page.setViewport({ width: columns * 656 + 16, height: 720 });
    await page.setContent(
      `<body style="margin:16px 0 0 16px;background:#888;font-size:0">${pictures.map((picture) =>
        `<img src="data:image/png;base64,${picture}" style="width:640px;margin:0 16px 16px 0">`)
        .join('')}</body>`, { waitUntil: 'load' });
    const file = path.join(out, `${path.basename(deck, '.html')}.png`);
    fs.mkdirSync(out, { recursive: true });
    await page.screenshot({ path: file, fullPage: true });
    console.log(file);
    await page.close();
  }
});
