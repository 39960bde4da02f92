/** While an update is under way pages and scripts come from either version: each time is later than the one before, and there is a last one. */
const code = `addEventListener('error', ({ target }) => {
  const url = target.src || target.href;
  if (typeof url !== 'string' || !url.startsWith(location.origin + '/_next/static/')) return;
  fetch(url, { method: 'HEAD', cache: 'no-store' }).then(({ status }) => {
    const last = JSON.parse(sessionStorage.getItem('lectern-renewal') || '{"at":0}');
    const times = Date.now() - last.at < 300000 ? last.times : 0;
    if (status !== 404 || times === 8) return;
    setTimeout(() => {
      sessionStorage.setItem('lectern-renewal', JSON.stringify({ at: Date.now(), times: times + 1 }));
      location.reload();
    }, 2000 * times);
  }).catch(() => {});
}, true);`;

/**
 * After an update of the site, a page from before may ask for a script that is there no more. It is loaded anew then; what was typed
 * into a notebook is saved on the way, as whenever one is left. Written into the page: the site's own scripts may be what is missing.
 */
export const Renewal = ({ nonce }: { nonce: string | undefined }) => <script nonce={nonce} suppressHydrationWarning dangerouslySetInnerHTML={{ __html: code }} />;
