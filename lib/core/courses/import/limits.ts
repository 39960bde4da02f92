const MB = 1024 * 1024;

/** What one import may be at the most. Each bound has a reason; what is over it is refused before it costs anything. */
export const importLimits = {
  /** Half a workspace's default room, because every learner gets the whole course and needs space for their own work. */
  uploadBytes: 250 * MB,
  /** The same room, counted after unpacking: an archive's small size says nothing about it. */
  unpackedBytes: 250 * MB,
  /** One data file or video. A browser streams it, but a save, a snapshot and a reset each move the whole of it. */
  fileBytes: 100 * MB,
  /** A notebook is parsed and rendered as one piece; past this, pages take seconds. */
  notebookBytes: 20 * MB,
  /** A list of files people can still read; also bounds the memory for an archive's directory. */
  entries: 2_000,
  /** Name, extra fields and comment of one entry. Real ones have under 300 bytes; 64 KiB each would be legal. */
  entryHeaderBytes: 4_096,
  /** Files sent side by side are listed in one line of JSON before their bytes. */
  listBytes: 512 * 1024,
  lessons: 300,
  /** A page with more is unreadable, and each cell is an element with an editor to be. */
  cells: 2_000,
  /** nbformat itself needs about seven levels; plot specifications a few dozen. */
  depth: 200,
  /** Problems told one by one; the rest is only counted. */
  problems: 200,
} as const;

export const megabytes = (bytes: number): string => `${Math.ceil(bytes / MB)} MB`;
