// How marp-cli renders the decks: `npx @marp-team/marp-cli --config-file slides/marp.config.mjs`.
import { fileURLToPath } from 'node:url';

/// What a comment of a deck says to the tests (where code comes from, where a transcript is
/// played) is no note to the speaker.
const directive = /^(code|run|shown|continues)\b/;

/// A link to another deck leads to its page. Any other file of the kit is not there beside the
/// pages: its name stays, without the link.
const deck = /^(\d\d-[\w-]+)\.md$/;

/// On a slide with several terminals each block bears the number of its own.
function numberTerminals(tokens) {
  let terminal; // of the block that comes next
  let blocks = [];
  for (const token of tokens) {
    if (token.type === 'marpit_comment' && /^run\b/.test(token.content)) {
      terminal = token.content.match(/terminal (\d)/)?.[1] ?? '1';
    } else if (token.type === 'fence' && terminal) {
      blocks.push([token, terminal]);
      terminal = undefined;
    } else if (token.type === 'marpit_slide_close') {
      if (blocks.some(([, number]) => number !== '1')) {
        for (const [block, number] of blocks) block.attrSet('data-terminal', number);
      }
      blocks = [];
    }
  }
}

function forDecks(markdown) {
  markdown.core.ruler.push('fork_lab', (state) => {
    const visit = (tokens) => {
      let dropped = false;
      for (const token of tokens) {
        if (token.type === 'marpit_comment' && directive.test(token.content)) {
          token.meta = { ...token.meta, marpitCommentParsed: 'fork-lab' };
        } else if (token.type === 'link_open') {
          const target = token.attrGet('href');
          const page = target.match(deck);
          if (page) {
            token.attrSet('href', `${page[1]}.html`);
          } else if (!/^(https?:|#)/.test(target)) {
            dropped = true;
            token.hidden = true;
            token.tag = 'span';
            token.attrs = [];
          }
        } else if (token.type === 'link_close' && dropped) {
          dropped = false;
          token.tag = 'span';
        }
        if (token.children) visit(token.children);
      }
    };
    visit(state.tokens);
    numberTerminals(state.tokens);
  });
}

/// What a terminal shows: what is typed stands out, and no word of it is coloured by chance.
function transcript(code) {
  const escaped = code.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
  return escaped.replace(/^(\$ .*|&gt;|&gt; .*|\^[CDZ\\])$/gm, '<b>$1</b>');
}

// (An arrow: marp-cli would take a function for a class.)
const engine = ({ marp }) => {
  const highlighter = marp.highlighter.bind(marp);
  marp.highlighter = (code, language, attributes) =>
    language === 'console' ? transcript(code) : highlighter(code, language, attributes);
  return marp.use(forDecks);
};

export default {
  engine,
  themeSet: fileURLToPath(new URL('theme', import.meta.url)),
  allowLocalFiles: true, // the figures, for the PDF
  html: false,
  options: {
    // Nothing that would be fetched from elsewhere: no pictures for emoji, no fonts for formulas.
    emoji: { unicode: false, shortcode: false },
    math: false,
    markdown: { breaks: false }, // a line's end in the file is none on the slide
  },
};
