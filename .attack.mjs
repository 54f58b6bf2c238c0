import { build } from 'esbuild';
import { readFileSync, rmSync } from 'node:fs';
process.chdir('/work/guard');
await build({ stdin: { contents: "export {verdictsOn} from './src/guard/decide.ts'; export {worlds} from './test/guard/worlds.ts'", resolveDir: '.', loader: 'ts' }, outfile: '/work/guard/.tmp-table.mjs', bundle: true, format: 'esm', platform: 'node', packages:'external', logLevel: 'error', alias:{unbash:'/work/guard/node_modules/unbash/dist/parser.js'}});
const { verdictsOn, worlds } = await import('/work/guard/.tmp-table.mjs'); rmSync('/work/guard/.tmp-table.mjs');
const w=worlds(); const env={...w.env,PATH:process.env.PATH};
let n=0,bad=0;
for (const line of readFileSync(process.argv[2],'utf8').split('\n')) { if(!line) continue; n++;
 const want=line[0]; const command=line.slice(2).replaceAll('\\n','\n').replace(/\\n(?=\t)/g,'\n');
 const cmd = /\$'/.test(line)||/printf/.test(line) ? line.slice(2) : command;
 const dir=w[process.argv[3]??'clean'].dir;
 let said; try { said=(await verdictsOn({tool:'Bash',cwd:dir,commands:[{text:cmd,shell:'posix'}],edits:[],texts:[],isRemote:false},dir,env)).flatMap(v=>v.refusals).filter(r=>!r.isNote);} catch(e){ console.log('CRASH',line,e.stack.split('\n').slice(0,3).join('|')); bad++; continue; }
 if ((want==='R')!==(said.length>0)) { bad++; console.log(want==='R'?'MISS ':'ALARM', line.slice(2), said[0]?`-> ${said[0].kind}: ${said[0].message.slice(0,90)}`:''); } }
console.log(n,bad);
