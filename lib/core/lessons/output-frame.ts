/**
 * The policy of the output frame: an origin of its own, no network, no form, no storage, nothing of the site. Navigating
 * itself away is held by the `frame-src` of the page around it.
 */
export const outputFramePolicy = (site: string): string =>
  [
    'sandbox allow-scripts',
    "default-src 'none'",
    `script-src 'unsafe-inline' 'unsafe-eval' ${site}/output-frame/plotly.js`,
    "style-src 'unsafe-inline'",
    'img-src data: blob:',
    'font-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
  ].join('; ');

/** Takes one message with what to show, once and from the parent only, and answers with heights. */
const bootstrap = `
addEventListener('message', function begin(event) {
  if (event.source !== parent || !event.ports[0]) return;
  removeEventListener('message', begin);
  var port = event.ports[0], view = event.data.view, root = document.getElementById('root');
  document.documentElement.dataset.theme = event.data.dark ? 'dark' : 'light';
  var tell = function () { port.postMessage(Math.ceil(root.getBoundingClientRect().height) + 2); };
  new ResizeObserver(tell).observe(root);
  if (view.what === 'plotly') plotly(view.figure, event.data.dark, root);
  else html(view.html, root);
});
function load(address) {
  return new Promise(function (resolve, reject) {
    var script = document.createElement('script');
    script.src = address; script.crossOrigin = 'anonymous'; script.onload = resolve; script.onerror = reject;
    document.head.append(script);
  });
}
function plotly(figure, dark, root) {
  var layout = Object.assign({ autosize: true }, figure.layout);
  if (dark) Object.assign(layout, { paper_bgcolor: 'rgba(0,0,0,0)', plot_bgcolor: 'rgba(0,0,0,0)', font: Object.assign({}, layout.font, { color: '#e8e8e8' }) });
  if (!layout.height) root.style.height = '450px';
  load('/output-frame/plotly.js').then(function () {
    return Plotly.newPlot(root, figure.data || [], layout, Object.assign({ responsive: true, displaylogo: false }, figure.config)).then(function () {
      if (figure.frames) return Plotly.addFrames(root, figure.frames);
    });
  }).catch(function () { root.textContent = 'This figure could not be shown.'; });
}
function html(text, root) {
  // Scripts that come by innerHTML do not run; each is made again, in order.
  root.innerHTML = text;
  var scripts = Array.from(root.querySelectorAll('script'));
  (function next() {
    var old = scripts.shift();
    if (!old) return;
    var script = document.createElement('script');
    for (var i = 0; i < old.attributes.length; i++) script.setAttribute(old.attributes[i].name, old.attributes[i].value);
    script.textContent = old.textContent;
    if (script.src) script.onload = script.onerror = next;
    old.replaceWith(script);
    if (!script.src) next();
  })();
}
`;

export const outputFramePage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Output</title>
<style>
:root { color-scheme: light; color: #16201d; background: transparent; }
:root[data-theme=dark] { color-scheme: dark; color: #eaf0ed; }
body { margin: 0; font: 14px/1.5 ui-sans-serif, system-ui, sans-serif; overflow-x: auto; overflow-y: hidden; }
#root { min-height: 20px; }
table { border-collapse: collapse; } td, th { padding: 0.25em 0.6em; }
</style>
<div id="root"></div>
<script>${bootstrap}</script>
</html>
`;
