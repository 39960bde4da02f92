/** One line of requirements.txt: an exact version, perhaps for some Pythons only. */
export type Pin = { name: string; version: string; marker?: string };

/** A file as an index lists it (PEP 691). */
export type Listed = { filename: string; hashes: { sha256?: string }; yanked?: boolean | string };

/** @throws for a line that is no exact version */
export const pinsOf = (text: string): Pin[] =>
  text
    .split('\n')
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter(Boolean)
    .map((line) => {
      const found = /^([a-z0-9][a-z0-9-]*)==([0-9][0-9a-z.]*)(?:\s*;\s*(python_version (?:<|>=) "3\.\d+"))?$/.exec(line);
      if (!found) throw new Error(`requirements.txt: “${line}” is no exact version`);
      return { name: found[1]!, version: found[2]!, ...(found[3] && { marker: found[3] }) };
    });

/** Where servers run: Linux of both libraries and both architectures, and macOS for who develops; Python 3.10 to 3.14. */
const PLATFORM = /-(?:any|(?:(?:many|musl)linux[a-z0-9_.]*_(?:x86_64|aarch64))|macosx_[a-z0-9_.]+)\.whl$/;
const PYTHON = /-(?:(?:py2\.)?py3[0-9]*|cp3(?:[2-9]|1[0-4])(?:\.cp3\d+)*)-(?:none|abi3|cp31[0-4])-/;

const normal = (name: string) => name.toLowerCase().replaceAll(/[-_.]+/g, '-');

/** Whether the file is this package in this version, for one of our platforms or in source. */
function fits({ filename }: Listed, { name, version }: Pin): boolean {
  if (filename.endsWith('.whl')) {
    const [distribution = '', itsVersion] = filename.split('-');
    return normal(distribution) === normal(name) && itsVersion === version && PLATFORM.test(filename) && PYTHON.test(filename);
  }
  return normal(filename.replace(/\.(tar\.gz|zip)$/, '')) === normal(`${name}-${version}`) && /\.(tar\.gz|zip)$/.test(filename);
}

/** The line of requirements.lock for a pin. @throws when the index has no such version */
export function locked(pin: Pin, files: Listed[]): string {
  const hashes = files.filter((file) => fits(file, pin) && /^[0-9a-f]{64}$/.test(file.hashes.sha256 ?? '')).map(({ hashes: { sha256 } }) => `--hash=sha256:${sha256}`);
  if (hashes.length === 0) throw new Error(`${pin.name} ${pin.version}: the index has no file of it`);
  return `${pin.name}==${pin.version}${pin.marker ? ` ; ${pin.marker}` : ''} ${[...new Set(hashes)].sort().join(' ')}`;
}

/** A line of the lock, for one Python by itself: without the condition, or none where it is not met. `python` is such as 3.11. */
export function forPython(line: string, python: string): string | undefined {
  const condition = / ; python_version (<|>=) "3\.(\d+)"/.exec(line);
  if (!condition) return line;
  const minor = Number(python.split('.')[1]);
  const isMet = condition[1] === '<' ? minor < Number(condition[2]) : minor >= Number(condition[2]);
  return isMet ? line.replace(condition[0], '') : undefined;
}
