import type { Root, RootContent } from 'hast';

const names: { [property: string]: string } = { className: 'class', ariaHidden: 'aria-hidden' };

/** A tree as HTML, for tests to look at; the product itself never writes HTML but hands trees to React. */
export function toHtml(node: Root | RootContent): string {
  if (node.type === 'text') return node.value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  if (node.type === 'root') return node.children.map(toHtml).join('');
  if (node.type !== 'element') return `<!${node.type}>`;
  const attributes = Object.entries(node.properties).map(([name, value]) => {
    const plain = names[name] ?? name.replaceAll(/[A-Z]/g, (letter) => (name.startsWith('data') || name.startsWith('aria') ? `-${letter.toLowerCase()}` : letter.toLowerCase()));
    return value === true ? ` ${plain}` : value === false || value == null ? '' : ` ${plain}="${String(Array.isArray(value) ? value.join(' ') : value).replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')}"`;
  });
  return `<${node.tagName}${attributes.join('')}>${node.children.map(toHtml).join('')}</${node.tagName}>`;
}
