// browser_test.mjs MARP FOLDER: looks at the pages of films in Chromium, on a light screen and on a
// dark one. In FOLDER are the films that in_a_browser.sh makes, with what the programs printed (.txt),
// and hostile.html and large.html. Exit 1 where something is wrong, a line for each.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { openPage, withBrowser } from '../../../slides/browser.mjs';

const [marp, folder] = process.argv.slice(2);
const problems = [];
const check = (right, what) => { if (!right) problems.push(what); };

/// In the page: the contrast of each text with what is below it, and what is wider than the screen.
function inspect() {
  const found = [];
  const least = 4.5;
  const numbers = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
  const ratio = (one, other) => {
    const [high, low] = [light(one), light(other)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  const over = (above, below) => {
    const [r, g, b, alpha = 1] = above;
    return [r, g, b].map((part, index) => part * alpha + below[index] * (1 - alpha));
  };
  const groundOf = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const ground = numbers(getComputedStyle(at).backgroundColor);
      if (ground.length === 3 || ground[3] > 0) return ground;
    }
    return [255, 255, 255];
  };
  for (const element of document.querySelectorAll('h1, h2, p, li, a, span, button, label, text')) {
    const text = element.textContent.trim();
    if (!text || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const isSvg = element.localName === 'text';
    let ground = groundOf(isSvg ? element.ownerSVGElement.parentElement : element);
    const before = element.previousElementSibling;
    if (isSvg && ['rect', 'polygon'].includes(before?.localName)) {
      const drawn = getComputedStyle(before);
      const fill = numbers(drawn.fill);
      if (drawn.fill !== 'none') ground = over([...fill.slice(0, 3), Number(drawn.opacity)], ground);
    }
    const got = ratio(numbers(isSvg ? style.fill : style.color), ground);
    if (got < least) found.push(`contrast ${got.toFixed(1)}: '${text.slice(0, 40)}'`);
  }
  if (document.documentElement.scrollWidth > document.documentElement.clientWidth) {
    found.push(`the page is wider than the screen: ${document.documentElement.scrollWidth}`);
  }
  return found.slice(0, 10);
}

await withBrowser(marp, async (browser) => {
  const outside = [];
  const open = async (name, width = 1280) => {
    const page = await openPage(browser, (url) => outside.push(url));
    page.errors = [];
    page.on('pageerror', (error) => page.errors.push(error.message));
    page.on('console', (message) => { if (message.type() === 'error') page.errors.push(message.text()); });
    await page.setViewport({ width, height: 800 });
    const [file, moment] = name.split('#');
    await page.goto(pathToFileURL(path.join(folder, file)).href + (moment ? `#${moment}` : ''), { waitUntil: 'load' });
    return page;
  };
  const close = async (page, name) => {
    check(page.errors.length === 0, `${name}: ${page.errors.join('; ')}`);
    await page.close();
  };
  const where = (page) => page.$eval('#where', (element) => element.textContent);

  // What the page says is what the program has printed.
  for (const name of ['once', 'all']) {
    const printed = fs.readFileSync(path.join(folder, `${name}.txt`), 'utf8');
    const [, reaped, zombies] = /reaped (\d+) of 50, (\d+) zombies left/.exec(printed);
    const page = await open(`${name}.html`);
    const events = await page.$$eval('.events a', (list) => list.map((element) => element.textContent));
    check(printed.includes(` ${events.length} events`), `${name}: ${events.length} events in the list`);
    // It counts when its handler has run for the last time.
    const last = events.findLastIndex((text) => text.includes('The handler of SIGCHLD returns'));
    const before = events.slice(0, last);
    check(before.filter((text) => text.includes('is reaped')).length === Number(reaped), `${name}: reaped by the handler`);
    // The x-ray of that moment has those zombies.
    await page.evaluate((number) => { location.hash = `#e=${number}`; }, last + 1);
    await page.waitForFunction((number) => document.getElementById('where').textContent.startsWith(`event ${number} `), {}, last + 1);
    const label = await page.$eval('.xray', (element) => element.getAttribute('aria-label'));
    const counted = [...label.matchAll(/(\d+) child(?:ren)? : Z zombie/g)].reduce((sum, [, number]) => sum + Number(number), 0) +
      [...label.matchAll(/reap_\w+ \d+: Z zombie/g)].length;
    check(counted === Number(zombies), `${name}: ${counted} zombies in the picture, ${zombies} in the program's line`);

    // Keys and addresses.
    await page.keyboard.press('Home');
    check((await where(page)).startsWith('event 1 '), `${name}: Home`);
    await page.keyboard.press('ArrowRight');
    check((await where(page)).startsWith('event 2 ') && page.url().endsWith('#e=2'), `${name}: right, the address`);
    await page.keyboard.press('ArrowLeft');
    check((await where(page)).startsWith('event 1 '), `${name}: left`);
    await page.keyboard.press('End');
    check((await where(page)).startsWith(`event ${events.length} `), `${name}: End`);
    check(await page.$eval('[aria-current]', (element) => element.textContent) === events.at(-1), `${name}: the list follows`);
    await page.$eval('.events a', (link) => link.click());
    await page.waitForFunction(() => document.getElementById('where').textContent.startsWith('event 1 '));

    // The group opens; time is true or even.
    const lanes = () => page.$$eval('.canvas .name', (list) => list.length);
    const closed = await lanes();
    await page.click('.groups button');
    check(await lanes() > closed, `${name}: the group does not open`);
    await page.click('#true-time');
    await page.keyboard.press('ArrowRight');
    check((await where(page)).startsWith('event 2 '), `${name}: a key after the switch`);
    await close(page, name);
  }

  // What the others show, and what their programs have printed by themselves.
  const printed = (name) => fs.readFileSync(path.join(folder, `${name}.txt`), 'utf8');
  const all = (text, pattern) => [...text.matchAll(pattern)].map(([, part]) => part).sort();
  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
  const before = (texts, ...parts) => { // one after the other
    let at = -1;
    return parts.every((part) => { at = texts.findIndex((text, index) => index > at && text.includes(part)); return at >= 0; });
  };
  const films = {
    leaky: ({ xray }) => check(xray.filter((row) => row.includes('leaky_server')).some((row) => (row.match(/↔/g) ?? []).length === 3),
      `leaky: the server does not hold three sockets at its end: ${xray}`),
    tidy: ({ xray }) => check(xray.some((row) => row.includes('tidy_server') && !row.includes('↔')),
      `tidy: the server holds a client's socket at its end: ${xray}`),
    half: ({ texts, text }) => {
      check(same(all(text, /removed proc id: (\d+)/g), all(texts.join('\n'), /It writes 'removed proc id: (\d+)/g)), 'half: removed');
      for (const pid of all(text, /removed proc id: (\d+)/g)) check(texts.some((one) => one.includes(`The zombie ${pid} is reaped`)), `half: ${pid} is reaped`);
      check(before(texts, 'SHUT_WR', '= 0, end of file'), 'half: FIN comes before the end of file');
    },
    closing: ({ texts }) => check(!texts.some((one) => one.includes('SHUT_WR')) && before(texts, 'The socket stays open', 'the kernel ends the connection'),
      'closing: a half-close, or no close'),
    gap: ({ texts }) => {
      check(before(texts, 'kill(', 'SIGTERM is delivered to flag_server', 'The handler of SIGTERM returns in flag_server', 'accept4(3) = 4'), 'gap: the order');
      check(before(texts, 'accept4(3) = 4', 'flag_server', 'ends: exit status 0'), 'gap: it does not end after the client');
    },
    pause: ({ texts }) => check(texts.at(-1).includes('Here the check has failed. It saw: waited for it to end') &&
      before(texts, 'The handler of SIGCHLD returns', 'is blocked in pause', 'Here the check'), 'pause: the order'),
  };
  for (const [name, look] of Object.entries(films)) {
    const page = await open(`${name}.html`);
    const texts = await page.$$eval('.events a', (list) => list.map((element) => element.textContent));
    const text = printed(name);
    const accepted = all(texts.join('\n'), /accept4\(3\) = \d+, from 127\.0\.0\.1:(\d+)/g);
    check(same(accepted, all(text, /connected client IP: 127\.0\.0\.1 port: (\d+)/g)), `${name}: who was accepted: ${accepted}`);
    // A film of a check begins where it failed, any other at the beginning.
    check((await where(page)).startsWith(name === 'pause' ? `event ${texts.length} ` : 'event 1 '), `${name}: begins at ${await where(page)}`);
    const end = texts.findIndex((one) => one.includes('sends SIGTERM to') && one.includes('_server')); // asked to end
    await page.evaluate((number) => { location.hash = `#e=${number}`; }, end + 1);
    if (end >= 0) await page.waitForFunction((number) => document.getElementById('where').textContent.startsWith(`event ${number} `), {}, end + 1);
    const label = await page.$eval('.xray', (element) => element.getAttribute('aria-label'));
    look({ texts, text, xray: label.split('. ') });
    for (const key of ['Home', 'ArrowRight', 'PageDown', 'ArrowLeft', 'End']) {
      await page.keyboard.press(key);
      const seen = await page.waitForFunction(() => {
        const list = document.querySelector('.events');
        const item = list.querySelector('[aria-current]').getBoundingClientRect();
        const box = list.getBoundingClientRect();
        return item.top >= box.top - 1 && item.top < box.bottom;
      }, { timeout: 5000 }).then(() => true, () => false);
      check(seen, `${name}: after ${key} the list does not show the event`);
      const number = (await where(page)).split(' ')[1];
      check(page.url().endsWith(`#e=${number}`), `${name}: after ${key} the address is ${page.url()}`);
    }
    await close(page, name);
  }
  const servers = await open('servers.html');
  check((await servers.$$eval('.sentence', (list) => list.length)) === 2, 'servers: two films');
  await servers.keyboard.press('End');
  check((await servers.$$eval('.sentence', (list) => list.filter((one) => one.textContent.includes('part')).length)) === 2,
    'servers: they do not part');
  await close(servers, 'servers');

  // Contrast and width, on each screen.
  for (const scheme of ['light', 'dark']) {
    for (const [name, width] of [['once', 1280], ['once', 400], ['hostile', 1280], ['hostile', 400], ['beside', 1280], ['servers', 1280], ...Object.keys(films).flatMap((one) => [[one, 1280], [one, 400]])]) {
      const page = await open(`${name}.html#e=200`, width);
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      for (const problem of await page.evaluate(inspect)) problems.push(`${name}, ${scheme}, ${width}: ${problem}`);
      await close(page, name);
    }
  }

  // Two films part where reap_all asks once more, and reap_once does not.
  const two = await open('beside.html');
  check(await two.$$eval('.view', (list) => list.length) === 2, 'beside: two films');
  const parting = await two.$$eval('.view', ([one]) => [...one.querySelectorAll('.events a')]
    .findLastIndex((link) => link.textContent.includes('The handler of SIGCHLD returns')) + 1);
  await two.evaluate((number) => { location.hash = `#e=${number}`; }, parting);
  await two.waitForFunction((number) => document.getElementById('where').textContent.startsWith(`event ${number} `), {}, parting);
  const said = await two.$$eval('.sentence', (list) => list.map((element) => element.textContent));
  check(said[0].includes('handler of SIGCHLD returns') && said[1].includes('waitpid(-1, WNOHANG) = ') &&
    said.every((text) => text.includes('Here the two films part.')), `beside: ${said.join(' | ')}`);
  await two.keyboard.press('Home');
  check((await two.$$eval('.sentence', (list) => list.filter((element) => element.textContent.includes('part')).length)) === 0,
    'beside: they have not parted at the beginning');
  await close(two, 'beside');

  // A hostile program: what it says is text.
  const hostile = await open('hostile.html');
  check(!(await hostile.title()).startsWith('hacked'), 'hostile: a script of the program has run');
  check(await hostile.$$eval('img, iframe, script:not(.film)', (list) => list.length) === 1, 'hostile: an element of the program');
  check((await hostile.$eval('h1', (element) => element.textContent)).includes('<script>'), 'hostile: its name is not shown');
  await close(hostile, 'hostile');

  // 500 processes and 10,000 events: a step, with all lanes open.
  const large = await open('large.html');
  check(fs.statSync(path.join(folder, 'large.html')).size < 2 << 20, 'large: more than 2 MiB');
  const times = await large.evaluate(() => {
    for (const button of document.querySelectorAll('.groups button')) button.click();
    const result = [];
    for (let i = 0; i < 40; ++i) {
      const begin = performance.now();
      document.getElementById('next').click();
      document.body.getBoundingClientRect();
      result.push(performance.now() - begin);
    }
    return result.sort((one, other) => one - other);
  });
  console.log(`large: ${await where(large)}; a step takes ${times[20].toFixed(1)} ms (median of 40)`);
  await close(large, 'large');
  check(outside.length === 0, `asks for something from outside: ${outside.join(' ')}`);
});

for (const problem of problems) console.error(problem);
process.exit(problems.length === 0 ? 0 : 1);
