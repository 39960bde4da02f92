/** With the page's next frame, or after a second: a page that nobody sees has none. */
export function atNextFrame(work: () => void): void {
  let done = false;
  const once = () => {
    if (!done) work();
    done = true;
  };
  requestAnimationFrame(once);
  setTimeout(once, 1_000);
}
