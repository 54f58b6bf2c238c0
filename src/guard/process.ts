/** The part of the guard that is loaded once a call may matter. */
export { decide } from './decide.ts';
