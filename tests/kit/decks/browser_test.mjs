// browser_test.mjs MARP FAULTY.html DECK.html...: looks at every slide in Chromium, on a screen that
// is set to light and on one that is set to dark. Exit 1 where something is wrong, a line for each.
//
// FAULTY.html has a fault on every slide. Each has to be found, or nothing is worth having been found
// without fault.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDeck, openPage, showSlide, withBrowser } from '../../../slides/browser.mjs';

/// What FAULTY.html has on its slides, in order.
const faults = [
  /leaves the slide's frame below/,
  /leaves the slide's frame at the right/,
  /a line of code is cut/,
  /code of 22px/,
  /code is scaled/,
  /text of 12px/,
  /the figure is missing/,
  /the figure's text is 10px/,
  /contrast .* 'pale words'/,
  /contrast .* 'dark in the dark'/,
  /contrast .* \(before\)/,
  /asks for something from outside/,
  /the lower half is empty/,
];

/// In the page: what is wrong with the slide that is shown. Lengths are pixels of a slide of 1280.
function inspect(slideNumber) {
  const smallestCode = 24;
  const smallestText = 20;
  const leastContrast = 4.5;
  const problems = [];
  const slide = document.querySelectorAll('svg[data-marpit-svg]')[slideNumber - 1];
  const section = slide.querySelector('section');
  const frame = section.getBoundingClientRect();
  const short = (text) => `'${text.trim().replace(/\s+/g, ' ').slice(0, 40)}'`;

  // Nothing leaves the frame. The outermost pixels are the projector's.
  const edge = 12;
  const leaves = new Map();
  const within = (box, what) => {
    if (box.width === 0 || box.height === 0) return;
    const sides = [['below', box.bottom - frame.bottom + edge], ['at the right', box.right - frame.right + edge],
      ['at the left', frame.left + edge - box.left], ['above', frame.top + edge - box.top]];
    for (const [side, by] of sides) {
      if (by > 0.5 && by > (leaves.get(side)?.by ?? 0)) leaves.set(side, { by, what });
    }
  };
  const texts = [];
  const walker = document.createTreeWalker(section, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (!node.data.trim() || !node.parentElement.checkVisibility()) continue;
    if (node.parentElement.closest('script, style')) continue;
    texts.push(node);
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) within(box, short(node.data));
  }
  for (const element of section.querySelectorAll('*')) {
    if (element.checkVisibility()) within(element.getBoundingClientRect(), `<${element.localName}>`);
  }
  if (section.scrollHeight > section.clientHeight + 1) {
    within({ width: 1, height: 1, bottom: frame.top + section.scrollHeight, right: 0, left: edge + frame.left, top: edge + frame.top },
      'its contents');
  }
  for (const [side, { by, what }] of leaves) {
    problems.push(`${what} leaves the slide's frame ${side}, by ${Math.round(by)}px`);
  }

  // A slide with little on it is set larger, or has its figure. A title and a large question stand in
  // the middle.
  if (!section.matches('.title, .predict.huge')) {
    let lowest = frame.top;
    for (const element of section.children) {
      if (element.checkVisibility()) lowest = Math.max(lowest, element.getBoundingClientRect().bottom);
    }
    const used = (lowest - frame.top) / frame.height;
    if (used < 0.5) {
      problems.push(`the lower half is empty: all ends at ${Math.round(used * 100)}% of the height`);
    }
  }

  // Code is whole, and large enough; nothing has been scaled to fit.
  for (const pre of section.querySelectorAll('pre')) {
    const lines = document.createRange();
    lines.selectNodeContents(pre);
    const beyond = lines.getBoundingClientRect().right - pre.getBoundingClientRect().right + 4;
    if (beyond > 0) {
      problems.push(`a line of code is cut, by ${Math.ceil(beyond)}px: ${short(pre.textContent)}`);
    }
    const size = parseFloat(getComputedStyle(pre.querySelector('code') ?? pre).fontSize);
    if (size < smallestCode) {
      problems.push(`code of ${size}px, and ${smallestCode}px can be read from the last row: ${short(pre.textContent)}`);
    }
    const inner = pre.offsetWidth > 0 ? pre.getBoundingClientRect().width / pre.offsetWidth : 1;
    const outer = frame.width / section.offsetWidth;
    if (Math.abs(inner / outer - 1) > 0.02 || pre.querySelector('svg, [data-auto-scaling]') ||
        pre.closest('[data-auto-scaling]')?.shadowRoot?.querySelector('svg')) {
      problems.push(`code is scaled: ${short(pre.textContent)}`);
    }
  }

  // Text is large enough, and can be told from its ground.
  const channels = (colour) => {
    const found = colour.match(/^rgba?\(([\d.]+), ([\d.]+), ([\d.]+)(?:, ([\d.]+))?\)$/);
    if (!found) return null;
    return [Number(found[1]), Number(found[2]), Number(found[3]), found[4] === undefined ? 1 : Number(found[4])];
  };
  const over = (above, below) => above.slice(0, 3).map((value, i) => value * above[3] + below[i] * (1 - above[3]));
  const luminance = (colour) => {
    const [r, g, b] = colour.map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };
  const ground = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.backgroundImage !== 'none') return null;
      const colour = channels(style.backgroundColor);
      if (colour && colour[3] > 0) layers.push(colour);
      if (at === section) break;
    }
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
  };
  const judge = (element, style, words) => {
    const behind = ground(element);
    const colour = channels(style.color);
    if (!behind || !colour) {
      problems.push(`the contrast of ${words} cannot be judged: ${style.color} on an image`);
      return;
    }
    let opacity = 1;
    for (let at = element; at && at !== section.parentElement; at = at.parentElement) {
      opacity *= Number(getComputedStyle(at).opacity);
    }
    colour[3] *= opacity;
    const ratio = contrast(over(colour, behind), behind);
    if (ratio < leastContrast) {
      problems.push(`contrast ${ratio.toFixed(2)} to 1, and ${leastContrast} is needed: ${words}`);
    }
    if (parseFloat(style.fontSize) < smallestText) {
      problems.push(`text of ${parseFloat(style.fontSize)}px, and ${smallestText}px can be read: ${words}`);
    }
  };
  for (const node of texts) {
    if (node.parentElement.closest('pre') && parseFloat(getComputedStyle(node.parentElement).fontSize) < smallestCode) continue;
    judge(node.parentElement, getComputedStyle(node.parentElement), short(node.data));
  }
  for (const pseudo of ['before', 'after']) {
    const style = getComputedStyle(section, `::${pseudo}`);
    if (style.content !== 'none' && style.content !== '""') judge(section, style, `(${pseudo})`);
  }

  // Figures.
  const figures = [];
  for (const image of section.querySelectorAll('img')) {
    if (!image.complete || image.naturalWidth === 0) {
      problems.push(`the figure is missing: ${image.getAttribute('src')}`);
    } else {
      figures.push({ source: image.src, scale: image.clientWidth / image.naturalWidth });
    }
    if (!image.alt) problems.push(`the figure has no text alternative: ${image.getAttribute('src')}`);
  }
  return { problems, figures };
}

/// In the page of a figure: text that leaves it, or cannot be told from what is painted below it.
function inspectFigure() {
  const problems = [];
  const channels = (colour) => colour.match(/[\d.]+/g).slice(0, 3).map(Number);
  const luminance = (colour) => {
    const [r, g, b] = colour.map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };
  const root = document.documentElement;
  const frame = root.getBoundingClientRect();
  for (const text of root.querySelectorAll('text')) {
    const box = text.getBoundingClientRect();
    const words = `'${text.textContent.slice(0, 40)}'`;
    if (box.left < frame.left - 0.5 || box.right > frame.right + 0.5 || box.top < frame.top - 0.5 ||
        box.bottom > frame.bottom + 0.5) {
      problems.push(`${words} leaves the figure's frame`);
    }
    const colour = channels(getComputedStyle(text).fill);
    for (const x of [box.left + 2, (box.left + box.right) / 2, box.right - 2]) {
      const below = document.elementsFromPoint(x, (box.top + box.bottom) / 2).find((element) =>
        /^(rect|path|polygon|circle)$/.test(element.localName) && getComputedStyle(element).fill !== 'none');
      if (!below) continue;
      const ratio = contrast(colour, channels(getComputedStyle(below).fill));
      if (ratio < 4.5) {
        problems.push(`contrast ${ratio.toFixed(2)} to 1: ${words}`);
        break;
      }
    }
  }
  return problems;
}

/// The smallest text of a figure, in pixels of the figure.
function smallestText(file) {
  const sizes = [...fs.readFileSync(file, 'utf8').matchAll(/font-size="([\d.]+)"/g)].map((one) => Number(one[1]));
  return Math.min(...sizes, Infinity);
}

/// All problems of a deck: by slide, without doubles; at 0 those of no known slide.
async function look(browser, html) {
  const bySlide = [];
  const figures = new Set();
  const add = (slide, problem) => {
    bySlide[slide] ??= new Set();
    bySlide[slide].add(problem);
  };
  const page = await openPage(browser, (address) => add(0, `asks for something from outside: ${address}`));
  page.on('pageerror', (error) => add(0, `a script fails: ${error.message}`));
  let count = 0;
  for (const scheme of ['light', 'dark']) {
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    count = await openDeck(page, html);
    for (let number = 1; number <= count; ++number) {
      await showSlide(page, number);
      const seen = await page.evaluate(inspect, number);
      for (const problem of seen.problems) {
        add(number, scheme === 'dark' && /contrast/.test(problem) ? `${problem}, in the dark` : problem);
      }
      for (const { source, scale } of seen.figures) {
        if (!source.startsWith('file:')) continue;
        const file = fileURLToPath(source);
        figures.add(source);
        const size = smallestText(file) * scale;
        if (size < 18) {
          add(number, `the figure's text is ${Math.round(size)}px, and 18px can be read: ${path.basename(file)}`);
        }
      }
    }
  }
  await page.close();
  return { count, bySlide, figures };
}

async function lookAtFigures(browser, sources) {
  const problems = [];
  for (const source of sources) {
    const page = await openPage(browser);
    for (const scheme of ['light', 'dark']) {
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      await page.goto(source);
      for (const problem of await page.evaluate(inspectFigure)) {
        problems.push(`figures/${path.basename(source)}, ${scheme}: ${problem}`);
      }
    }
    await page.close();
  }
  return problems;
}

const [marp, faulty, ...decks] = process.argv.slice(2);
const problems = [];
await withBrowser(marp, async (browser) => {
  const bad = await look(browser, faulty);
  if (bad.count !== faults.length) {
    problems.push(`${path.basename(faulty)} has ${bad.count} slides, and ${faults.length} faults are known of it`);
  }
  faults.forEach((fault, i) => {
    const found = [...(bad.bySlide[i + 1] ?? []), ...(bad.bySlide[0] ?? [])];
    if (!found.some((problem) => fault.test(problem))) {
      problems.push(`the fault of slide ${i + 1} of ${path.basename(faulty)}, ${fault}, was not found; but: ${found.join('; ') || 'nothing'}`);
    }
  });
  const bare = await lookAtFigures(browser, bad.figures);
  if (!bare.some((problem) => /contrast/.test(problem)) || !bare.some((problem) => /leaves/.test(problem))) {
    problems.push(`the faults of the figure of ${path.basename(faulty)} were not found; but: ${bare.join('; ') || 'nothing'}`);
  }

  const figures = new Set();
  let slides = 0;
  for (const deck of decks) {
    const seen = await look(browser, deck);
    slides += seen.count;
    if (seen.count === 0) problems.push(`${path.basename(deck)} has no slide`);
    seen.figures.forEach((figure) => figures.add(figure));
    seen.bySlide.forEach((found, number) => {
      for (const problem of found) {
        const where = number === 0 ? 'its page' : `slide ${number}`;
        problems.push(`slides/${path.basename(deck, '.html')}.md, ${where}: ${problem}`);
      }
    });
  }
  problems.push(...await lookAtFigures(browser, figures));
  console.log(`${slides} slides of ${decks.length} decks, and ${figures.size} figures looked at`);
});
for (const problem of problems) console.log(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
