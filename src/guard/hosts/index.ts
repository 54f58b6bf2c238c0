import { claude } from './claude.ts';
import { cline } from './cline.ts';
import { codex } from './codex.ts';
import { copilot } from './copilot.ts';
import { cursor } from './cursor.ts';
import { gemini } from './gemini.ts';
import { goose } from './goose.ts';
import type { Host } from './host.ts';
import { opencode } from './opencode.ts';
import { windsurf } from './windsurf.ts';

/** The hosts, in the order in which a foreign payload is tried. */
export const hosts: readonly Host[] = [claude, codex, cursor, gemini, copilot, windsurf, cline, goose, opencode];

/** The host that `--host` names; null: there is none. */
export const hostOf = (name: string): Host | null => hosts.find((host) => host.name === name) ?? null;
