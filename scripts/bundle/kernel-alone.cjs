/**
 * A loader for one file of `@jupyterlab/services`: its kernel connection asks the library's index for two names, and a bundle then
 * holds every API of Jupyter, contents, settings and terminals included. Asked for where they are defined, it is 15 kB less (gzipped).
 */
module.exports = (source) => {
  const narrowed = source.replace('require("..")', '{ ...require("../serverconnection"), ...require("./comm") }');
  if (narrowed === source) throw new Error('@jupyterlab/services/lib/kernel/default.js no longer asks for its index: this loader has nothing to do');
  return narrowed;
};
