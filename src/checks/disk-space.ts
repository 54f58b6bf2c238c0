import type { Check } from '../model/index.ts';

/** Refuses a deploy to a disk that is nearly full. */
export const diskSpace: Check<'deploy'> = {
  id: 'disk-space',
  summary: 'As much disk space is free as the environment asks for.',
  gates: ['pre-deploy'],
  needs: ['deploy'],
  weakenable: true,
  timeout: 60_000,
  docs: {
    since: '0.1.0',
    why: 'A build or a backup that fills the disk leaves half a release, and a database that cannot write.',
    fix: 'Remove old releases, backups, images or logs, or lower `disk.free` in the policy.',
  },
  async run({ deploy }) {
    const disk = deploy.environment.disk;
    if (!disk) return { skipped: 'no free space is asked for' };
    const free = await deploy.host.freeSpace(disk.path);
    if (free >= disk.free) return [];
    const where = disk.path === '.' ? 'the disk' : `the disk of ${disk.path}`;
    const message = `${where} has ${size(free)} left, ${size(disk.free)} are needed`;
    return [{ message, help: 'make room: du -xh --max-depth=2 | sort -h shows what is large' }];
  },
};

/** Bytes as people read them, such as 1.2 GB: rounded down, so that what is short of a limit never reads like it. */
function size(bytes: number): string {
  const power = Math.min(4, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  const unit = bytes / 1000 ** power;
  const digits = power > 0 && unit < 100 ? Math.floor(unit * 10) / 10 : Math.floor(unit);
  return `${digits} ${['bytes', 'kB', 'MB', 'GB', 'TB'][power]}`;
}
