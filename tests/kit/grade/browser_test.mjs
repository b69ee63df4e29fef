// browser_test.mjs MARP FOLDER: looks at the page of a class and at a report in Chromium: at 1280 and 1920,
// light and dark, on paper, and by the keyboard alone. In FOLDER are index.html and students/*/report.html.
// Exit 1 if something is wrong, a line for each.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { openPage, withBrowser } from '../../../slides/browser.mjs';

const [marp, folder] = process.argv.slice(2);
const problems = [];
const check = (right, what) => { if (!right) problems.push(what); };

/// In the page: text that is hard to read, what is wider than the screen, cells without words.
function inspect() {
  const found = [];
  const numbers = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const light = (colour) => colour.slice(0, 3).map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
  const groundOf = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const ground = numbers(getComputedStyle(at).backgroundColor);
      if (ground.length === 3 || ground[3] > 0) return ground;
    }
    return [255, 255, 255];
  };
  for (const element of document.querySelectorAll('h1, h2, h3, p, li, a, td, th, button, label, pre, i')) {
    if (!element.textContent.trim() || !element.checkVisibility() || element.matches('td.p')) continue; // no sign
    const [high, low] = [light(numbers(getComputedStyle(element).color)), light(groundOf(element))].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < (element.matches('td.c, td.c *, i') ? 3 : 4.5)) { // a sign of 22 pixels, or words
      found.push(`contrast ${ratio.toFixed(1)}: ${element.localName} '${element.textContent.trim().slice(0, 40)}'`);
    }
  }
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) found.push(`the page is ${scrollWidth - clientWidth} pixels wider than the screen`);
  for (const map of document.querySelectorAll('.map')) {
    if (map.scrollWidth > map.clientWidth) found.push(`the table is ${map.scrollWidth - map.clientWidth} pixels wider than its place`);
  }
  for (const cell of document.querySelectorAll('.heat td')) {
    if (cell.checkVisibility() && !/[a-z0-9]/.test(cell.textContent)) found.push(`a cell without words: ${cell.title}`);
  }
  return [...new Set(found)].slice(0, 10);
}

await withBrowser(marp, async (browser) => {
  const outside = [];
  const open = async (file, width) => {
    const page = await openPage(browser, (url) => outside.push(url));
    page.on('pageerror', (error) => problems.push(error.message));
    await page.setViewport({ width, height: 800 });
    await page.goto(pathToFileURL(path.join(folder, file)).href, { waitUntil: 'load' });
    return page;
  };
  const views = ['all', ...fs.readdirSync(path.join(import.meta.dirname, '../../../exercises'))
    .filter((name) => /^\d\d-/.test(name)).map((name) => `v${name.slice(0, 2)}`)];

  // Each view, on each screen.
  for (const width of [1280, 1920]) {
    for (const scheme of ['light', 'dark']) {
      const page = await open('index.html', width);
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      for (const view of views) {
        await page.$eval(`#${view}`, (radio) => radio.click());
        for (const problem of await page.evaluate(inspect)) problems.push(`${width}, ${scheme}, ${view}: ${problem}`);
      }
      await page.close();
    }
  }

  // On paper: A4 across, without its margins.
  const paper = await open('index.html', 1047);
  await paper.emulateMediaType('print');
  for (const view of views) {
    await paper.$eval(`#${view}`, (radio) => radio.click());
    for (const problem of await paper.evaluate(inspect)) problems.push(`on paper, ${view}: ${problem}`);
  }
  await paper.close();

  // By the keyboard alone. Tab comes to what to show; an arrow shows the next exercise.
  const page = await open('index.html', 1280);
  const focused = (get) => page.evaluate(`(${get})(document.activeElement)`);
  const tab_to = async (selector) => {
    for (let i = 0; i < 1000; ++i) {
      await page.keyboard.press('Tab');
      if (await focused(`(element) => element.matches('${selector}')`)) {
        return check(await focused('(element) => getComputedStyle(element).outlineStyle !== "none"'),
          `${selector}: it has the focus, and does not show it`);
      }
    }
    check(false, `Tab does not come to ${selector}`);
  };
  const follow = () => Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  // From the mistakes to the film of a student, and back.
  await tab_to('.list a');
  check(/^film of 0\d\.\d+ /.test(await focused('(element) => element.textContent')), 'the first link to a film does not say of what');
  await follow();
  check(await page.title() === 'a film', 'the link beside a mistake does not lead to a film');
  await page.goBack({ waitUntil: 'load' });
  await tab_to('#all');
  await page.keyboard.press('ArrowRight');
  check(await page.$eval('#v01', (radio) => radio.checked), 'an arrow does not show the next exercise');
  check(await page.$eval('td.c.v01', (cell) => cell.checkVisibility()) && !await page.$eval('td.c.v02', (cell) => cell.checkVisibility()),
    'the checks of exercise 01 are not shown, or others are');
  const column = (index) => page.$$eval('.heat tbody tr', (rows, at) =>
    rows.map((row) => row.cells[at].dataset.n ?? row.cells[at].textContent), index);
  const sorted = (list, sign) => list.every((value, index) => index === 0 || sign * (Number(value) - Number(list[index - 1])) >= 0);
  await tab_to('.heat .who button');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  const names = await column(0);
  check(names.every((name, index) => index === 0 || names[index - 1].localeCompare(name) >= 0), 'not sorted by name, the last first');
  await tab_to('.heat .sum button');
  await page.keyboard.press('Enter');
  check(sorted(await column(1), -1), 'not sorted by marks, the best first');
  check(await page.$eval('.heat .sum', (cell) => cell.getAttribute('aria-sort')) === 'descending', 'aria-sort');
  await tab_to('.heat .group.v01 button');
  await page.keyboard.press(' ');
  check(sorted(await column(2), -1), 'not sorted by the marks of exercise 01, the best first');
  await tab_to('.heat td.c a');
  const place = await focused('(element) => element.href');
  check(/students\/.*\/report\.html#e01-\d+$/.test(place), `a failed check leads to ${place}`);
  await follow();
  check(await page.evaluate(() => document.querySelector(location.hash) !== null), `${place} is not in the report`);
  for (const width of [1280, 400]) {
    await page.setViewport({ width, height: 800 });
    for (const problem of await page.evaluate(inspect)) problems.push(`report, ${width}: ${problem}`);
  }
  await tab_to('a[href^="films/"]');
  await follow();
  check(await page.title() === 'a film', 'a report does not lead to a film');
  await page.close();
  check(outside.length === 0, `it asks for ${outside.join(', ')}`);
});

for (const problem of problems) console.log(problem);
console.log(`${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
