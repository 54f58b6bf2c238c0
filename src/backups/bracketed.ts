import type { Bracketed } from './manifest.ts';

/** A table that was written to while it was dumped, in words. */
export const told = ({ table, rows: [from, to] }: Bracketed): string =>
  `${table} was written to while it was dumped: ${from === to ? `${from} rows` : `between ${from} and ${to} rows`}, contents not compared`;
