import { Writable } from 'node:stream';

/** A stream that hands on what is written to it line by line. */
export function lineStream(line: (text: string) => void): Writable & { flush(): void } {
  let begun = '';
  const flush = () => {
    if (begun !== '') line(begun);
    begun = '';
  };
  const write: Writable['_write'] = (chunk: string | Buffer, _, done) => {
    const lines = (begun + chunk.toString()).split('\n');
    begun = lines.pop()!;
    for (const text of lines) line(text);
    done();
  };
  return Object.assign(new Writable({ decodeStrings: false, write }), { flush });
}
