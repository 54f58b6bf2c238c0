import pc from 'picocolors';

export type Paint = ReturnType<typeof pc.createColors>;

/** Colours, or none. */
export const painter = (color: boolean): Paint => pc.createColors(color);
