import type { Element, Root } from 'hast';
import { defaultSchema, type Options as Schema } from 'rehype-sanitize';
import { visit } from 'unist-util-visit';
import type { LessonId } from '../ids.ts';

/** Where a text stands: relative pictures and links are looked for among the lesson's assets, beside the notebook. */
export type Place = { lesson: LessonId; path: string; attachments?: { [name: string]: { [mime: string]: unknown } } };

const plainTags = [
  'a abbr b blockquote br caption code col colgroup dd del details div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i img input ins kbd li mark ol p pre q s samp section small span',
  'strong sub summary sup table tbody td tfoot th thead tr u ul var video source track',
].flatMap((list) => list.split(' '));

/**
 * The one policy for whatever people wrote: prose, HTML outputs, on the server and in the browser. By allow-list: no svg, math,
 * style, form, frame or `data-*`; a class only where it is one of ours, so that nobody's text can borrow the page's looks to lie over it;
 * ids get a prefix, so that no name can shadow a property of `document`. Addresses are settled by `settleAddresses` afterwards.
 */
export const sanitisePolicy: Schema = {
  ...defaultSchema,
  tagNames: plainTags,
  strip: ['script', 'style', 'svg', 'math', 'iframe', 'object', 'embed', 'template', 'noscript', 'noembed', 'noframes', 'textarea', 'select', 'title', 'xmp', 'plaintext'],
  clobberPrefix: 'text-',
  protocols: { href: ['http', 'https', 'mailto'], src: ['data', 'attachment'] },
  required: { input: { disabled: true, type: 'checkbox' } },
  attributes: {
    a: ['href', 'ariaLabel', 'ariaDescribedBy'],
    code: [['className', /^language-[\w+-]{1,32}$/, 'math-inline', 'math-display']],
    div: [['className', 'alert', 'alert-info', 'alert-success', 'alert-warning', 'alert-danger', 'alert-block']],
    img: ['src', 'alt', 'width', 'height'],
    input: [['type', 'checkbox'], ['disabled', true], 'checked'],
    li: [['className', 'task-list-item'], 'value'],
    ol: ['start', 'reversed', ['className', 'contains-task-list']],
    ul: [['className', 'contains-task-list']],
    section: [['className', 'footnotes']],
    source: ['src', 'type'],
    table: [['className', 'dataframe']],
    td: ['align', 'colSpan', 'rowSpan'],
    th: ['align', 'colSpan', 'rowSpan', 'scope'],
    track: ['src', 'kind', 'srcLang', 'label'],
    video: ['src', 'width', 'height', 'ariaLabel'],
    '*': ['id', 'title', 'dir', 'lang'],
  },
};

/** Makes every address of a sanitised tree one of the few that may stay; what has none left loses the attribute. */
export function settleAddresses(tree: Root, place: Place): void {
  visit(tree, 'element', (node) => {
    const { properties } = node;
    if (node.tagName === 'a' && properties.href !== undefined) settleLink(node, place);
    else if (properties.src !== undefined) {
      properties.src = mediaAddress(String(properties.src), place, node.tagName === 'img');
      if (properties.src === undefined) delete properties.src;
    }
    if (node.tagName === 'img') {
      properties.loading = 'lazy';
      properties.alt ??= '';
    }
    if (node.tagName === 'video') {
      properties.controls = true;
      properties.preload = 'metadata';
      properties.playsInline = true;
    }
  });
}

function settleLink(node: Element, place: Place): void {
  const href = tidy(String(node.properties.href));
  if (/^https?:\/\//i.test(href)) Object.assign(node.properties, { href, target: '_blank', rel: ['noopener', 'noreferrer', 'nofollow'] });
  else if (/^mailto:/i.test(href)) node.properties.href = href;
  else if (/^#/.test(href)) node.properties.href = `#${sanitisePolicy.clobberPrefix}${href.slice(1).replace(/^text-/, '')}`;
  else if (/^\/(?![/\\])/.test(href)) node.properties.href = href;
  else {
    const address = assetAddress(href, place);
    if (address) node.properties.href = address;
    else delete node.properties.href;
  }
}

/** Browsers skip control characters inside addresses, so `java\tscript:` must not slip past a check that does not. */
const tidy = (address: string) => address.replaceAll(/[\u0000-\u001f\u007f]/g, '').trim();

const dataImage = /^data:image\/(png|jpeg|gif|webp|svg\+xml|avif)(;charset=[\w-]+)?(;base64)?,/i;

function mediaAddress(from: string, place: Place, isImage: boolean): string | undefined {
  const address = tidy(from);
  if (isImage && dataImage.test(address)) return address;
  if (isImage && address.startsWith('attachment:')) return attached(address.slice('attachment:'.length), place);
  return assetAddress(address, place);
}

function attached(name: string, place: Place): string | undefined {
  const bundle = Object.entries(place.attachments ?? {}).find(([each]) => each === name || each === decoded(name))?.[1] ?? {};
  for (const [mime, base64] of Object.entries(bundle)) {
    const address = `data:${mime};base64,${String(base64).replaceAll(/\s/g, '')}`;
    if (dataImage.test(address)) return address;
  }
  return undefined;
}

/** The site's address of a file named relative to the notebook; undefined for all else: absolute, with a scheme, or outside the workspace. */
export function assetAddress(relative: string, place: Place): string | undefined {
  const path = decoded(relative.split(/[?#]/)[0] ?? '');
  if (path === undefined || path === '' || /^[/\\]|[\\:\u0000]/.test(path)) return undefined;
  const parts = place.path.split('/').slice(0, -1);
  for (const part of path.split('/')) {
    if (part === '..') {
      if (parts.pop() === undefined) return undefined;
    } else if (part !== '.' && part !== '') parts.push(part);
  }
  return `/api/assets/${place.lesson}/${parts.map(encodeURIComponent).join('/')}`;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
