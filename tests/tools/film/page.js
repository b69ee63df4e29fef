'use strict';
// The page of lab-film: draws one film, or two beside each other. All text comes into the page as
// text: nothing of a film is ever taken for markup.
(() => {
const [TIME, OF, WHAT, SENTENCE, MAN, BAND, TO, FROM] = [0, 1, 2, 3, 4, 5, 6, 7];
const STEP = 18; // pixels from event to event
const LANE = 30;
const STATES = ['running', 'blocked', 'handler', 'stopped', 'zombie', 'gone'];

function make(name, attributes = {}, text = undefined) {
  const svgNames = ['svg', 'g', 'rect', 'line', 'path', 'text', 'polygon', 'title', 'desc', 'circle'];
  const element = svgNames.includes(name)
    ? document.createElementNS('http://www.w3.org/2000/svg', name)
    : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

/// The last of the sorted list for which `value` is not above `most`; -1 if there is none.
function lastUpTo(list, most, value) {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value(list[middle]) <= most) low = middle + 1; else high = middle;
  }
  return low - 1;
}

const cut = (text, pixels, size = 13) => {
  const most = Math.floor(pixels / (size * 0.58));
  return text.length <= most ? text : most < 2 ? '' : `${text.slice(0, most - 1)}…`;
};

const counted = (count, one, many) => `${count} ${count === 1 ? one : many}`;

class View {
  constructor(film, place, number) {
    this.film = film;
    this.place = place;
    this.number = number;
    this.now = 0;
    this.even = true;
    this.open = new Set();
    this.parts = -1; // the first event at which two films differ
    this.end = film.events.length;
    this.total = this.end > 0 ? Math.max(film.events[this.end - 1][TIME], 0.001) : 1;
    this.build();
    this.arrange();
  }

  build() {
    const { film } = this;
    const title = make('h1', {}, film.commands.join('  and  ') || 'A film');
    const tally = make('p', { class: 'tally' },
      `${counted(film.processes.length, 'process', 'processes')}, ${counted(film.bands.length, 'socket', 'sockets')}, ` +
      `${counted(this.end, 'event', 'events')} in ${this.total.toFixed(1)} ms.`);
    this.scroller = make('div', { class: 'lanes', tabindex: '0', role: 'region', 'aria-label': 'Lanes: processes and sockets in time' });
    this.space = make('div', { class: 'space' });
    this.canvas = make('svg', { class: 'canvas', role: 'img', 'aria-label': 'Processes and sockets in time. The list of events says the same in words.' });
    this.space.append(this.canvas);
    this.scroller.append(this.space);
    this.scroller.addEventListener('scroll', () => this.redraw());
    this.canvas.addEventListener('click', (event) => this.clicked(event));
    this.groups = make('p', { class: 'groups' });
    film.groups.forEach((members, index) => {
      const button = make('button', { type: 'button', 'aria-expanded': 'false' }, `open ${members.length} children`);
      button.addEventListener('click', () => {
        const opened = !this.open.delete(index) && this.open.add(index) !== undefined;
        button.setAttribute('aria-expanded', String(opened));
        button.textContent = `${opened ? 'close' : 'open'} ${members.length} children`;
        this.arrange();
        this.show(this.now);
      });
      this.groups.append(button, ' ');
    });
    this.sentence = make('p', { class: 'sentence', role: 'status', 'aria-live': 'polite' });
    this.moment = make('div', { class: 'moment' });
    this.list = make('ol', { class: 'events' });
    film.events.forEach((event, index) => {
      const item = make('li');
      const link = make('a', { href: `#e=${index + 1}` });
      link.append(make('span', { class: 'time' }, `${index + 1}. ${event[TIME].toFixed(3)} ms`), ` ${event[SENTENCE]}`);
      item.append(link);
      this.list.append(item);
    });
    const listBox = make('nav', { class: 'words', 'aria-label': 'The events in words' });
    listBox.append(make('h2', {}, 'The events in words'), this.list);
    const notes = make('ul', { class: 'notes' });
    for (const note of film.notes) notes.append(make('li', {}, note));
    const momentBox = make('section', { 'aria-label': 'This moment' });
    momentBox.append(make('h2', {}, 'This moment'), this.sentence, this.moment);
    const below = make('div', { class: 'below' });
    below.append(momentBox, listBox);
    this.whole = make('div', { class: 'whole' });
    const head = make('pre', { class: 'head' }, film.head);
    this.place.append(title, ...(film.head ? [head] : []), tally, this.groups, this.scroller, this.whole, below,
      make('h2', {}, 'What this film cannot show'), notes);
  }

  // Where everything is.

  x(index) {
    if (this.even || this.end === 0) return Math.min(index, this.end) * STEP;
    if (index >= this.end) return this.end * STEP;
    return (this.film.events[index][TIME] / this.total) * (this.end - 1) * STEP;
  }

  arrange() {
    const { processes, bands, groups } = this.film;
    this.rows = [];
    this.rowOf = new Map();
    this.bandRow = new Map();
    let y = 26;
    const add = (row) => { row.y = y; y += row.height; this.rows.push(row); return row; };
    const children = new Map();
    processes.forEach((process, index) => {
      if (!children.has(process.parent)) children.set(process.parent, []);
      children.get(process.parent).push(index);
    });
    const done = new Set();
    const visit = (index, depth) => {
      const { group } = processes[index];
      if (group >= 0 && !this.open.has(group)) {
        if (done.has(group)) return;
        done.add(group);
        const row = add({ kind: 'group', group, depth, height: 54, counts: this.countsOf(groups[group]) });
        for (const member of groups[group]) this.rowOf.set(member, row);
        return;
      }
      this.rowOf.set(index, add({ kind: 'process', index, depth, height: LANE }));
      for (const child of children.get(index) ?? []) visit(child, depth + 1);
    };
    for (const root of children.get(-1) ?? []) visit(root, 0);
    if (bands.length > 0) add({ kind: 'title', text: 'Sockets: each strip is a process that holds it', height: 30 });
    bands.forEach((band, index) => {
      const ends = [];
      band.slots = band.holds.map(([, , from, to]) => {
        let slot = ends.findIndex((end) => end <= from);
        if (slot < 0) slot = ends.push(0) - 1;
        ends[slot] = to < 0 ? Infinity : to;
        return slot;
      });
      this.bandRow.set(index, add({ kind: 'band', index, height: 24 + Math.max(1, ends.length) * 15 }));
    });
    this.height = y + 8;
    this.label = Math.min(210, Math.max(110, this.scroller.clientWidth * 0.25));
    this.space.style.width = `${this.label + (this.end + 3) * STEP}px`;
    this.space.style.height = `${this.height}px`;
    this.scroller.style.height = `min(55vh, ${this.height + 20}px)`;
  }

  /// How many of these processes are in each state, from event to event.
  countsOf(members) {
    const changes = [];
    for (const member of members) {
      let before = 5;
      for (const [event, state] of this.film.processes[member].stretches) {
        changes.push([event, before, state]);
        before = state;
      }
    }
    changes.sort((one, other) => one[0] - other[0]);
    const counts = [0, 0, 0, 0, 0, members.length];
    const result = [];
    for (const [event, before, state] of changes) {
      counts[before] -= 1;
      counts[state] += 1;
      if (result.length > 0 && result.at(-1)[0] === event) result.pop();
      result.push([event, [...counts]]);
    }
    return result;
  }

  stateAt(process, event) {
    const at = lastUpTo(process.stretches, event, (stretch) => stretch[0]);
    return at < 0 ? [0, 5, ''] : process.stretches[at];
  }

  inWords([, state, what]) {
    return ['running', `blocked in ${what}`, `in the handler of ${what}`, 'stopped', 'zombie', 'gone'][state];
  }

  holdersAt(band, event) {
    return band.holds.filter(([, , from, to]) => from <= event && (to < 0 || to > event));
  }

  // Drawing. Only what is in view.

  redraw() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => { this.waiting = false; this.draw(); });
  }

  draw() {
    const width = this.scroller.clientWidth;
    const height = this.scroller.clientHeight;
    this.canvas.setAttribute('width', width);
    this.canvas.setAttribute('height', height);
    this.canvas.setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.canvas.replaceChildren(...this.picture(this.scroller.scrollLeft, this.scroller.scrollTop, width, height));
  }

  picture(left, top, width, height) {
    const label = this.label;
    const things = make('g');
    const labels = make('g');
    const at = (event) => label + this.x(event) - left;
    const clampX = (value) => Math.max(label - 20, Math.min(width + 20, value));
    const middle = (row) => row.y + (row.kind === 'process' ? LANE / 2 : row.height / 2) - top;
    const box = (from, to, y, tall, kind, words) => {
      const start = clampX(from);
      const wide = Math.max(clampX(to) - start, 2);
      if (from > width + 20 || to < label - 20) return;
      things.append(make('rect', { x: start, y, width: wide, height: tall, class: kind, rx: kind === 'zombie' ? 0 : 3 }));
      const shown = words ? cut(words, wide - 8, 12) : '';
      if (shown) things.append(make('text', { x: start + 4, y: y + tall / 2 + 4, class: 'small' }, shown));
    };
    for (const row of this.rows) {
      const y = row.y - top;
      if (y > height || y + row.height < 0) continue;
      if (row.kind === 'title') {
        labels.append(make('text', { x: 8, y: y + 20, class: 'head' }, row.text));
        continue;
      }
      things.append(make('line', { x1: label, x2: width, y1: y + row.height - 1, y2: y + row.height - 1, class: 'rule' }));
      if (row.kind === 'process') {
        this.drawProcess(row, y, at, box, labels, label);
      } else if (row.kind === 'group') {
        this.drawGroup(row, y, at, box, labels, label);
      } else {
        this.drawBand(row, y, at, box, things, labels, label, width);
      }
    }
    this.drawArrows(things, at, middle, width, label);
    const cursor = at(this.now);
    if (cursor >= label) things.append(make('line', { x1: cursor, x2: cursor, y1: 0, y2: height, class: 'now' }));
    if (this.parts >= 0 && at(this.parts) >= label) {
      things.append(make('line', { x1: at(this.parts), x2: at(this.parts), y1: 0, y2: height, class: 'parting' }),
        make('text', { x: at(this.parts) + 4, y: 14, class: 'small bold' }, 'here they part'));
    }
    const cover = make('rect', { x: 0, y: 0, width: label, height, class: 'cover' });
    return [things, cover, labels];
  }

  drawProcess(row, y, at, box, labels, label) {
    const process = this.film.processes[row.index];
    const { stretches } = process;
    const indent = 8 + Math.min(row.depth, 4) * 12;
    const name = row.depth === 0 ? `${process.name} ${process.pid}` : `${process.pid}${process.orphaned >= 0 ? ' (adopted)' : ''}`;
    labels.append(make('text', { x: indent, y: y + 20, class: 'name' }, cut(name, label - indent - 6)));
    for (let i = 0; i < stretches.length; ++i) {
      const [event, state, what] = stretches[i];
      if (state === 5) continue;
      const from = at(event);
      const to = at(i + 1 < stretches.length ? stretches[i + 1][0] : this.end);
      if (state === 1) box(from, to, y + 11, 8, 'blocked', '');
      else if (state === 4) box(from, to, y + 5, 20, 'zombie', 'Z');
      else box(from, to, y + 5, 20, STATES[state], state === 2 ? what.replace(/^SIG/, '') : state === 3 ? 'stopped' : '');
      if (state === 1 && to - from > 60) box(from + 6, to, y + 4, 22, 'nothing', what);
    }
    if (process.orphaned >= 0) box(at(process.orphaned) - 1, at(process.orphaned) + 1, y + 2, 26, 'adopted', '');
  }

  drawGroup(row, y, at, box, labels, label) {
    const members = this.film.groups[row.group];
    const indent = 8 + Math.min(row.depth, 4) * 12;
    labels.append(make('text', { x: indent, y: y + 31, class: 'name' }, cut(`${members.length} children`, label - indent - 6)));
    const tall = row.height - 8;
    const peak = Math.max(...row.counts.map(([, counts]) => members.length - counts[5]));
    row.counts.forEach(([event, counts], index) => {
      const from = at(event);
      const to = at(index + 1 < row.counts.length ? row.counts[index + 1][0] : this.end);
      let bottom = y + 4 + tall;
      for (const state of [4, 3, 1, 2, 0]) {
        if (counts[state] === 0) continue;
        const part = (counts[state] / peak) * tall;
        bottom -= part;
        box(from, to, bottom, part, `${STATES[state]} many`,
          part >= 14 ? `${counts[state]} ${state === 4 ? 'Z' : ''}` : '');
      }
    });
  }

  drawBand(row, y, at, box, things, labels, label, width) {
    const band = this.film.bands[row.index];
    labels.append(make('text', { x: 8, y: y + 24, class: 'name' }, cut(band.label, label - 14)));
    band.holds.forEach(([process, fd, from, to], index) => {
      const end = to < 0 ? this.end : to;
      const strip = y + 20 + band.slots[index] * 15;
      if (at(from) > width || at(end) < label) return;
      // Where another process holds it too, it is red.
      const cuts = [from, end];
      for (const [other, , start, stop] of band.holds) {
        if (other !== process) for (const cutAt of [start, stop]) if (cutAt > from && cutAt < end) cuts.push(cutAt);
      }
      const sorted = [...new Set(cuts)].sort((one, other) => one - other);
      for (let i = 0; i + 1 < sorted.length; ++i) {
        const holders = new Set(this.holdersAt(band, sorted[i]).map((hold) => hold[0]));
        box(at(sorted[i]), at(sorted[i + 1]), strip, 11, holders.size > 1 ? 'twice' : 'held', '');
      }
      const words = `${this.film.processes[process].pid}: descriptor ${fd}`;
      const shown = cut(words, at(end) - Math.max(at(from), label) - 4, 11);
      if (shown) things.append(make('text', { x: Math.max(at(from), label) + 3, y: strip + 9.5, class: 'strip' }, shown));
    });
    // The words of marks that are close together stand after the last of them.
    const groups = [];
    for (const [event, what] of band.marks) {
      const x = at(event);
      if (x < label || x > width) continue;
      things.append(make('polygon', { points: `${x - 5},${y + 8} ${x + 5},${y + 8} ${x},${y + 19}`, class: 'mark' }));
      const last = groups.at(-1);
      if (last && x < last.x + 12 + last.words.length * 7) {
        last.x = x;
        last.words += `, ${what}`;
      } else {
        groups.push({ x, words: what });
      }
    }
    for (const { x, words } of groups) {
      const sign = make('g');
      sign.append(make('text', { x: x + 7, y: y + 15, class: 'small' }, words));
      things.append(sign);
    }
  }

  drawArrows(things, at, middle, width, label) {
    const first = Math.max(0, lastUpTo(this.film.events, label - 40, (event) => at(event[8])));
    const arrow = (x1, y1, x2, y2, kind) => {
      if (Math.max(x1, x2) < label || Math.min(x1, x2) > width) return;
      const angle = Math.atan2(y2 - y1, x2 - x1);
      const corner = (turn) => `${x2 - 9 * Math.cos(angle + turn)},${y2 - 9 * Math.sin(angle + turn)}`;
      things.append(make('line', { x1, y1, x2, y2, class: kind }),
        make('polygon', { points: `${x2},${y2} ${corner(0.4)} ${corner(-0.4)}`, class: `${kind} tip` }));
    };
    for (let i = first; i < this.end; ++i) {
      const event = this.film.events[i];
      const x = at(i);
      if (x > width + 400) break;
      const row = this.rowOf.get(event[OF]);
      const other = this.rowOf.get(event[TO]);
      if (event[WHAT] === 'fork' && other) arrow(x, middle(row), x, middle(other), 'fork');
      if (event[WHAT] === 'reap' && other) arrow(x, middle(row), x, middle(other), 'reap');
      if (event[WHAT] === 'signal' && other && other !== row) arrow(x, middle(row), x, middle(other), 'signal');
      // Several from one lane are one line along it, and one arrow: they became one delivery.
      const lanes = new Map();
      for (const [process, from] of event[FROM]) {
        const source = this.rowOf.get(process);
        if (!source || source === row) continue;
        const known = lanes.get(source) ?? { first: from, last: from, count: 0 };
        lanes.set(source, { first: Math.min(known.first, from), last: Math.max(known.last, from), count: known.count + 1 });
      }
      for (const [source, { first: begin, last, count }] of lanes) {
        const y = middle(source) + (source.kind === 'group' ? -source.height / 2 + 3 : 0);
        arrow(at(last), y, x, middle(row), 'signal');
        if (count > 1 && at(last) > label && at(begin) < width) {
          things.append(make('line', { x1: Math.max(at(begin), label - 9), x2: at(last), y1: y, y2: y, class: 'collected' }));
        }
      }
      if (event[FROM].length > 1 && x > label && x < width) {
        things.append(make('text', { x: x - 4, y: middle(row) - LANE / 2 + 4, class: 'small red end' }, `${event[FROM].length} became one`));
      }
    }
  }

  clicked(pointer) {
    const x = pointer.offsetX - this.label + this.scroller.scrollLeft;
    if (pointer.offsetX < this.label || this.end === 0) return;
    let best = 0;
    for (let i = 0; i < this.end; ++i) if (Math.abs(this.x(i) - x) < Math.abs(this.x(best) - x)) best = i;
    go(best);
  }

  // A moment.

  show(index) {
    this.now = Math.max(0, Math.min(index, this.end - 1));
    const event = this.film.events[this.now];
    this.sentence.replaceChildren();
    if (!event) {
      this.sentence.textContent = 'Nothing was recorded.';
      return;
    }
    this.sentence.append(make('strong', {}, `${this.now + 1}. `), event[SENTENCE]);
    if (event[MAN]) this.sentence.append(' ', make('span', { class: 'man' }, `man: ${event[MAN]}`));
    if (this.parts >= 0 && this.now >= this.parts) {
      this.sentence.append(' ', make('em', {}, this.now === this.parts ? 'Here the two films part.' : `The films parted at event ${this.parts + 1}.`));
    }
    this.list.querySelector('[aria-current]')?.removeAttribute('aria-current');
    const item = this.list.children[this.now];
    item.firstChild.setAttribute('aria-current', 'true');
    this.follow(item);
    const x = this.x(this.now);
    const seen = this.scroller.clientWidth - this.label;
    if (x < this.scroller.scrollLeft + 20 || x > this.scroller.scrollLeft + seen - 80) {
      this.scroller.scrollLeft = x - seen / 3;
    }
    this.drawMoment();
    this.draw();
  }

  /// The list shows this item. What comes into view gets its real height, and moves the rest: so look
  /// again, until nothing moves.
  follow(item, frames = 12) {
    const before = this.list.scrollTop;
    this.list.scrollTop += item.getBoundingClientRect().top - this.list.getBoundingClientRect().top - this.list.clientHeight / 3;
    const rest = this.list.scrollTop === before ? Math.min(frames, 3) - 1 : frames - 1;
    if (rest > 0) {
      requestAnimationFrame(() => { if (item.firstChild.hasAttribute('aria-current')) this.follow(item, rest); });
    }
  }

  /// The x-ray of the moment: a process is a box with its descriptors, a socket an octagon.
  drawMoment() {
    const { processes, bands, groups } = this.film;
    const most = 24;
    const boxes = [];
    const seenGroups = new Set();
    let left = 0;
    processes.forEach((process, index) => {
      const stretch = this.stateAt(process, this.now);
      if (stretch[1] === 5) return;
      const group = process.group >= 0 && !this.open.has(process.group) ? process.group : -1;
      if (group >= 0) {
        const key = `${group} ${this.inWords(stretch)}`;
        if (seenGroups.has(key)) return;
        seenGroups.add(key);
        const count = groups[group].filter((member) => {
          const other = this.stateAt(processes[member], this.now);
          return this.inWords(other) === this.inWords(stretch);
        }).length;
        boxes.push({ name: counted(count, 'child', 'children'), id: '', stretch, rows: [], indent: 1 });
        return;
      }
      if (boxes.length >= most) { left += 1; return; }
      boxes.push({ index, name: process.name, id: String(process.pid), stretch, end: process.end, rows: [],
        indent: process.parent >= 0 ? 1 : 0 });
    });
    const octagons = [];
    bands.forEach((band, index) => {
      const holders = this.holdersAt(band, this.now);
      const drawn = holders.filter(([process]) => boxes.some((box) => box.index === process));
      if (drawn.length === 0) return;
      const octagon = { band, index, lines: [], who: new Set(holders.map((hold) => hold[0])).size };
      octagons.push(octagon);
      for (const [process, fd] of drawn) boxes.find((box) => box.index === process).rows.push({ fd, octagon });
    });
    const wide = 400;
    const socketX = 570;
    const body = make('g');
    let y = 8;
    const words = [];
    for (const box of boxes) {
      box.rows.sort((one, other) => one.fd - other.fd);
      const x = 8 + box.indent * 34;
      const zombie = box.stretch[1] === 4;
      const tall = 34 + (zombie && box.end ? 24 : 0) + box.rows.length * 28;
      body.append(make('rect', { x, y, width: wide, height: tall, rx: 10, class: zombie ? 'zombie' : 'process' }));
      const state = zombie ? 'Z zombie' : this.inWords(box.stretch);
      body.append(make('text', { x: x + 10, y: y + 22, class: 'name bold' }, cut(`${box.name} ${box.id}`, 205)));
      body.append(make('text', { x: x + wide - 10, y: y + 22, class: 'small end' }, cut(state, 180, 12)));
      if (zombie && box.end) body.append(make('text', { x: x + 10, y: y + 46, class: 'small' }, box.end));
      box.rows.forEach((row, index) => {
        const line = y + 34 + index * 28;
        body.append(make('line', { x1: x, x2: x + wide, y1: line, y2: line, class: 'rule' }));
        body.append(make('text', { x: x + 12, y: line + 19, class: 'name' }, String(row.fd)));
        body.append(make('text', { x: x + 52, y: line + 19, class: 'name' },
          cut(row.octagon.band.listens ? 'listener' : row.octagon.band.label, wide - 60)));
        row.octagon.lines.push([x + wide, line + 14]);
      });
      words.push(`${box.name} ${box.id}: ${state}${box.rows.map((row) => `, ${row.fd} is ${row.octagon.band.label}`).join('')}.`);
      y += tall + 14;
    }
    let socketY = 8;
    for (const octagon of octagons) {
      const middle = octagon.lines.reduce((sum, [, at]) => sum + at, 0) / octagon.lines.length;
      const tall = octagon.who > 1 ? 52 : 34;
      const top = Math.max(socketY, middle - tall / 2);
      const right = socketX + 220;
      body.append(make('polygon', { class: 'kernel',
        points: [[socketX + 9, top], [right - 9, top], [right, top + 9], [right, top + tall - 9], [right - 9, top + tall],
          [socketX + 9, top + tall], [socketX, top + tall - 9], [socketX, top + 9]].map((point) => point.join(',')).join(' ') }));
      body.append(make('text', { x: socketX + 110, y: top + 22, class: 'name bold middle' }, cut(octagon.band.label, 210)));
      if (octagon.who > 1) {
        body.append(make('text', { x: socketX + 110, y: top + 42, class: 'small middle red' }, `held by ${octagon.who} processes`));
      }
      for (const [x, at] of octagon.lines) {
        body.append(make('line', { x1: x, y1: at, x2: socketX, y2: top + tall / 2, class: octagon.who > 1 ? 'wire shared' : 'wire' }));
      }
      socketY = top + tall + 12;
    }
    if (left > 0) {
      body.append(make('text', { x: 8, y: y + 16, class: 'small' }, `and ${counted(left, 'process', 'processes')} more`));
      y += 24;
    }
    const height = Math.max(y, socketY, 40);
    const svg = make('svg', { class: 'xray', viewBox: `0 0 800 ${height}`, role: 'img', 'aria-label': words.join(' ') || 'No process is there.' });
    svg.append(make('title', {}, `Who holds what after event ${this.now + 1}`), body);
    this.moment.replaceChildren(svg);
  }

  /// For paper: the whole film as one picture.
  drawWhole() {
    const most = 400 * STEP;
    const width = Math.min(this.label + (this.end + 3) * STEP, most);
    const svg = make('svg', { viewBox: `0 0 ${width} ${this.height}` });
    svg.append(...this.picture(0, 0, width, this.height));
    this.whole.replaceChildren(svg);
    if (width === most) this.whole.append(make('p', {}, 'The picture shows the first 400 events.'));
  }
}

// The page.

const views = [...document.querySelectorAll('script.film')].map((data, index) => {
  const film = JSON.parse(data.textContent);
  film.events.forEach((event, number) => event.push(number));
  const place = make('section', { class: 'view' });
  document.getElementById('views').append(place);
  return new View(film, place, index);
});
const most = Math.max(1, views[0].end);
const slider = document.getElementById('slider');
const where = document.getElementById('where');
const play = document.getElementById('play');
let current = 0;
let timer = 0;
slider.max = String(most);

// Two films. The processes of one and the other are paired by birth: the second child of the first
// program with the second child of the first program. What each does is compared, whatever the
// process ids, and whatever other processes did meanwhile.

/// For each process what it did, as [words, number of the event]; and for each event its place there.
function stories(view) {
  const { processes, events } = view.film;
  const born = new Map();
  const paths = [];
  processes.forEach((process, index) => {
    const place = born.get(process.parent) ?? 0;
    born.set(process.parent, place + 1);
    paths[index] = `${process.parent < 0 ? '' : paths[process.parent]}/${place}`;
  });
  const lists = new Map();
  const places = events.map((event, index) => {
    const path = paths[event[OF]];
    const list = lists.get(path) ?? [];
    lists.set(path, list);
    if (event[WHAT] !== 'wait') { // whether a call has to wait is chance
      const words = event[SENTENCE].replaceAll(processes[event[OF]].name, 'P').split('. ')[0];
      list.push([words.replace(/\d{3,}/g, 'N'), index]);
    }
    return [path, Math.max(0, list.length - 1)];
  });
  return { lists, places };
}

let alignment = null;
if (views.length === 2) {
  document.body.classList.add('two');
  const [one, other] = views.map(stories);
  alignment = (index) => {
    const [path, place] = one.places[Math.min(index, one.places.length - 1)] ?? ['', 0];
    const list = other.lists.get(path) ?? [];
    return (list[place] ?? list.at(-1))?.[1];
  };
  for (const [path, list] of one.lists) {
    const theirs = other.lists.get(path) ?? [];
    const place = list.findIndex(([words], at) => words !== theirs[at]?.[0]);
    const at = place >= 0 ? place : theirs.length > list.length ? list.length : -1;
    if (at < 0) continue;
    const here = list[at]?.[1] ?? views[0].end - 1;
    if (views[0].parts < 0 || here < views[0].parts) {
      views[0].parts = here;
      views[1].parts = theirs[at]?.[1] ?? views[1].end - 1;
    }
  }
}

function go(index, keepAddress = false) {
  current = Math.max(0, Math.min(index, most - 1));
  slider.value = String(current + 1);
  slider.setAttribute('aria-valuetext', `event ${current + 1} of ${most}`);
  where.textContent = `event ${current + 1} of ${most}`;
  views[0].show(current);
  if (alignment) views[1].show(alignment(current) ?? views[1].now);
  if (!keepAddress) history.replaceState(null, '', `#e=${current + 1}`);
}

function fromAddress() {
  const found = /^#e=(\d{1,6})$/.exec(location.hash);
  // The film of a check that has failed begins with what it saw. The keys go back from there.
  go(found ? Number(found[1]) - 1 : views[0].film.failed ? most - 1 : 0, true);
}

function stopPlaying() {
  clearTimeout(timer);
  timer = 0;
  play.textContent = 'Play';
}

/// As long as it takes to read the sentence aloud.
function playOn() {
  const words = (views[0].film.events[current]?.[SENTENCE] ?? '').split(' ').length;
  timer = setTimeout(() => {
    if (current + 1 >= most) { stopPlaying(); return; }
    go(current + 1);
    playOn();
  }, Math.max(1200, words * 330));
}

play.addEventListener('click', () => {
  if (timer) { stopPlaying(); return; }
  play.textContent = 'Pause';
  playOn();
});
document.getElementById('back').addEventListener('click', () => go(current - 1));
document.getElementById('next').addEventListener('click', () => go(current + 1));
slider.addEventListener('input', () => go(Number(slider.value) - 1));
document.getElementById('true-time').addEventListener('change', (change) => {
  for (const view of views) {
    view.even = !change.target.checked;
    view.arrange();
    view.show(view.now);
  }
});
document.addEventListener('keydown', (key) => {
  if (key.altKey || key.ctrlKey || key.metaKey) return;
  const steps = { ArrowRight: 1, ArrowLeft: -1, PageDown: 10, PageUp: -10, Home: -most, End: most };
  if (key.key in steps) {
    key.preventDefault();
    go(current + steps[key.key]);
  } else if (key.key === ' ' && !['BUTTON', 'INPUT', 'A'].includes(key.target.tagName)) {
    key.preventDefault();
    play.click();
  }
});
window.addEventListener('hashchange', fromAddress);
window.addEventListener('resize', () => { for (const view of views) { view.arrange(); view.show(view.now); } });
window.addEventListener('beforeprint', () => { for (const view of views) view.drawWhole(); });
window.addEventListener('afterprint', () => { for (const view of views) view.whole.replaceChildren(); });
fromAddress();
})();
