import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { dirname, join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { Kernel } from '../../../scripts/testing/kernel.ts';
import { makeTestSpawner, startTestServer, waitFor, type TestServer } from '../../../scripts/testing/server.ts';
import { makeJupyter } from '../jupyter/jupyter.ts';
import { anyProfile, anySecrets, anyServer } from '../../core/servers/server.fixture.ts';
import type { Profile } from '../../core/servers/server.ts';
import { processesOf } from './ending.ts';
import { findFolder, launchedProcess, type Folder } from './folder.ts';
import { isAlive } from './process.ts';
import type { LocalOptions } from './spawner.ts';

// Starts and kernels' deaths take long on a busy machine.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const MB = 1 << 20;
const TREE = resolve(import.meta.dirname, '../../..');
const jupyter = makeJupyter();
const servers: TestServer[] = [];
const kernels: Kernel[] = [];

afterEach(() => kernels.splice(0).forEach((kernel) => kernel.close()));
afterAll(() => jupyter.close());

const start = async (profile: Partial<Profile> = {}, options: Partial<LocalOptions> = {}) => {
  const server = await startTestServer(inject('pythonDir'), profile, options);
  servers.push(server);
  return server;
};

const folderOf = (server: TestServer): Folder => findFolder(dirname(dirname(addressPath(server))), server.access.ref)!;
const addressPath = ({ access }: TestServer) => (access.address.kind === 'unix' ? access.address.path : '');

async function kernelOf(server: TestServer, path = 'lesson.ipynb'): Promise<Kernel> {
  const { kernelId, sessionId } = await jupyter.openSession(server.access, path);
  const kernel = await Kernel.connect(server.access, kernelId, sessionId);
  kernels.push(kernel);
  return kernel;
}

/** Python that answers what an attempt led to: what it got, or the name of the error. */
const attempt = (expression: string) => `
try:
    print("GOT", ${expression})
except BaseException as error:
    print("refused", type(error).__name__)`;

// Without a sandbox none of this holds, and the site says so (see probe.ts); the suite must not pass silently then.
test('this machine can make a sandbox', async () => {
  const spawner = await makeTestSpawner(inject('pythonDir'));
  await spawner.end();
  expect(spawner.sandbox.kind).not.toBe('none');
});

// T28: with no sandbox (`sandbox: 'none'`) all but the last were seen to fail; that one is about the folder's mode.
describe('T28 from a cell', () => {
  let mine: TestServer;
  let other: TestServer;
  let kernel: Kernel;
  beforeAll(async () => {
    [mine, other] = await Promise.all([start(), start()]);
  });
  afterAll(() => Promise.all(servers.splice(0).map((server) => server.stop())));

  test('T28 no process of the machine or of another learner can be seen', async () => {
    kernel = await kernelOf(mine);
    const seen = await kernel.run('import os; print(sorted(open(f"/proc/{p}/cmdline").read().replace(chr(0), " ")[:60] for p in os.listdir("/proc") if p.isdigit()))');
    expect(seen).toContain('lectern_server');
    expect(seen).not.toContain('node');
    expect(seen).not.toContain('postgres');
    expect(seen.match(/lectern_server/g)!.length).toBeLessThanOrEqual(4);
    const outside = processesOf(folderOf(other), launchedProcess(folderOf(other)));
    expect(outside.length).toBeGreaterThan(2);
    for (const pid of [process.pid, ...outside].filter((pid) => pid > 100)) {
      expect(await kernel.run(attempt(`open("/proc/${pid}/environ").read()`)), String(pid)).toMatch(/^refused/);
    }
  });

  test('T28 no secret of the site is in any environment that can be read', async () => {
    kernel = await kernelOf(mine);
    const environments = await kernel.run(`
import os
for p in os.listdir("/proc"):
    if p.isdigit():
        try: print(open(f"/proc/{p}/environ").read().replace(chr(0), " "))
        except OSError as e: pass
print(dict(os.environ))`);
    for (const name of ['LECTERN_', 'DATABASE_URL', 'PATH=' + (process.env.PATH ?? 'none'), mine.access.secrets.token, mine.access.secrets.identityKey]) expect(environments).not.toContain(name);
  });

  test('T28 the site’s files, the state folder, the sockets and the folders of this and other servers are not there', async () => {
    kernel = await kernelOf(mine);
    const paths = [join(TREE, 'package.json'), TREE, inject('pythonDir'), addressPath(other), addressPath(mine), dirname(addressPath(other)), '/root/.bashrc', '/etc/shadow', '/etc/hostname', '/var/lib', '/sys'];
    for (const path of paths) expect(await kernel.run(attempt(`__import__("os").stat(${JSON.stringify(path)})`)), path).toMatch(/^refused/);
    expect(await kernel.run('import glob; print([p for p in glob.glob("/tmp/*") if not p.startswith("/tmp/jupyter-")], glob.glob("/home/*"))')).toBe("[] ['/home/learner']\n");
    expect(await kernel.run('import getpass, os; print(getpass.getuser(), os.getuid() != 0)')).toBe('learner True\n');
  });

  // Seen to fail without `close_to_others` (memory, environment and descriptors are had), and its calls without their place in seccomp.ts (a child of the cell’s own is traced).
  test('T38 the server’s memory, environment and descriptors are not to be had, it cannot be traced, and no kernel holds what is its own', async () => {
    kernel = await kernelOf(mine);
    const tried = await kernel.run(`
import ctypes, os, subprocess, sys
server = os.getppid()
print(open(f"/proc/{server}/cmdline").read().count("lectern_server"))
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
numbers = {"x86_64": dict(ptrace=101, process_vm_readv=310, kcmp=312), "aarch64": dict(ptrace=117, process_vm_readv=270, kcmp=272)}[os.uname().machine]
def opened(name):
    try:
        if name == "fd": os.listdir(f"/proc/{server}/fd")
        else:
            # The first page of a memory is nobody's: that it opens is enough.
            with open(f"/proc/{server}/{name}", "rb", 0) as file: name == "mem" or file.read(64)
        return f"GOT {name}"
    except OSError as error:
        return f"{name} refused"
print([opened(name) for name in ("mem", "environ", "maps", "fd", "smaps", "auxv")])
def called(number, *args):
    ctypes.set_errno(0)
    answer = libc.syscall(number, *args)
    return "GOT" if answer >= 0 else os.strerror(ctypes.get_errno())
pidfd = os.pidfd_open(server)
child = subprocess.Popen(["sleep", "60"])
print(called(numbers["ptrace"], 16, server, 0, 0), "|", called(numbers["ptrace"], 16, child.pid, 0, 0), "|", called(438, pidfd, 3, 0), "|", called(numbers["kcmp"], os.getpid(), server, 2, 0, 0), "|", called(numbers["process_vm_readv"], child.pid, 0, 0, 0, 0, 0))
child.kill(); child.wait()
print(sorted(os.readlink(f"/proc/self/fd/{fd}").split(":")[0] for fd in (3, 4, 5, 6, 7) if os.path.exists(f"/proc/self/fd/{fd}") and "lectern" in os.readlink(f"/proc/self/fd/{fd}")))`);
    expect(tried.split('\n')).toEqual([
      '1',
      "['mem refused', 'environ refused', 'maps refused', 'fd refused', 'smaps refused', 'auxv refused']",
      Array(5).fill('Operation not permitted').join(' | '),
      '[]',
      '',
    ]);
  });

  test('T38 processes of the cell’s own are as ever: run, forked, waited for by asyncio', async () => {
    kernel = await kernelOf(mine);
    const ran = await kernel.run(`
import asyncio, multiprocessing, subprocess, threading
print(subprocess.run(["echo", "run"], capture_output=True, text=True).stdout.strip())
with multiprocessing.get_context("fork").Pool(1) as pool: print(pool.apply(str, ("forked",)))
async def waited():
    made = await asyncio.create_subprocess_exec("echo", "waited", stdout=subprocess.PIPE)
    return (await made.communicate())[0].decode().strip()
print(await waited())`);
    expect(ran).toBe('run\nforked\nwaited\n');
  });

  test('T28 nothing outside home, /tmp, /dev/shm and the runtime folder can be written, and privileges cannot be had', async () => {
    kernel = await kernelOf(mine);
    const writable = await kernel.run(`
import os
found = set()
for base, folders, _ in os.walk("/"):
    folders[:] = [f for f in folders if os.path.join(base, f) not in ("/proc", "/usr", "/opt/lectern/python")]
    if base == "/home/learner" or base.startswith(("/home/learner/", "/run/lectern/", "/dev/shm/", "/tmp/")): continue
    try:
        name = os.path.join(base, ".probe"); open(name, "w").close(); os.unlink(name); found.add(os.path.realpath(base))
    except OSError: pass
print(sorted(found | {"/home/learner"}))`);
    expect(writable).toBe("['/dev/shm', '/home/learner', '/run/lectern', '/tmp']\n");
    expect(await kernel.run('print(next(l for l in open("/proc/self/status") if l.startswith("CapEff")), next(l for l in open("/proc/self/status") if l.startswith("NoNewPrivs")))')).toMatch(/CapEff:\t0+\n NoNewPrivs:\t1/);
    expect(await kernel.run('import subprocess; print(subprocess.run(["unshare", "-Ur", "true"]).returncode != 0)')).toContain('True');
    expect(await kernel.run(attempt('__import__("os").setuid(0)'))).toMatch(/^refused/);
  });

  test('T28 loopback ports of the machine are out of reach, PostgreSQL’s too', async () => {
    kernel = await kernelOf(mine);
    const listener = createServer().listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address() as { port: number };
    const postgres = Number(new URL(inject('postgresAdminUrl')).port);
    for (const each of [port, postgres]) expect(await kernel.run(attempt(`__import__("socket").create_connection(("127.0.0.1", ${each}), 2)`))).toMatch(/^refused/);
    listener.close();
    // Abstract sockets are named per network, not per file system.
    expect(await kernel.run('print(len([l for l in open("/proc/net/unix") if "@" in l]))')).toBe('0\n');
  });

  // Seen to fail with the mode of the folder of all servers 0755 and its check gone; with that of each server's own folder alone it passes, for the one around it is closed.
  test.runIf(process.getuid?.() === 0)('T28 another local user reaches neither the run folder nor a socket', () => {
    const asNobody = (script: string) => execFileSync('setpriv', ['--reuid', '65534', '--regid', '65534', '--clear-groups', '/usr/bin/python3', '-c', script], { encoding: 'utf8' });
    const path = addressPath(mine);
    for (const expression of [`__import__("os").listdir(${JSON.stringify(dirname(dirname(path)))})`, `open(${JSON.stringify(join(dirname(path), 'server.json'))}).read()`, `s.connect(${JSON.stringify(path)})`]) {
      expect(asNobody(`import socket\ns = socket.socket(socket.AF_UNIX)${attempt(expression)}`), expression).toBe('refused PermissionError\n');
    }
    for (const pid of processesOf(folderOf(mine), launchedProcess(folderOf(mine)))) {
      expect(asNobody(attempt(`open("/proc/${pid}/environ").read()`)), String(pid)).toBe('refused PermissionError\n');
    }
  });
});

describe('T33 what one server does to itself', () => {
  let hog: TestServer;
  let neighbour: TestServer;
  let quiet: Kernel;
  beforeAll(async () => {
    [hog, neighbour] = await Promise.all([start({ memoryBytes: 400 * MB, diskBytes: 64 * MB, processes: 80 }), start()]);
    quiet = await kernelOf(neighbour);
  });
  afterAll(() => Promise.all(servers.splice(0).map((server) => server.stop())));
  const neighbourAnswers = async () => {
    quiet = await kernelOf(neighbour);
    expect(await quiet.run('print(6 * 7)')).toBe('42\n');
  };

  // Each goes on for longer than the neighbour is looked at.
  const abuses: [string, string][] = [
    ['forks without end', "me = os.getpid()\nwhile time.time() < end:\n    try: os.fork()\n    except OSError: pass\nif os.getpid() != me: os._exit(0)\ntry:\n    while True: os.wait()\nexcept ChildProcessError: pass"],
    ['takes and touches memory', 'while time.time() < end: bytearray(b"x" * (96 << 20))'],
    ['fills its disk', 'while time.time() < end:\n    try:\n        with open("/home/learner/big", "wb", buffering=0) as f:\n            while time.time() < end: f.write(b"x" * (1 << 20))\n    except OSError: pass\nos.unlink("/home/learner/big")'],
    ['takes every descriptor', 'while time.time() < end:\n    files = []\n    try:\n        while True: files.append(open("/dev/null"))\n    except OSError: del files'],
  ];

  /** Milliseconds within which 99 of 100 cells came back, of those run one after the other in three seconds. */
  async function p99(kernel: Kernel): Promise<number> {
    const trips: number[] = [];
    for (const until = performance.now() + 3_000; performance.now() < until; ) {
      const sent = performance.now();
      await kernel.run('1');
      trips.push(performance.now() - sent);
    }
    return trips.sort((a, b) => a - b)[Math.floor(trips.length * 0.99)]!;
  }

  /**
   * What else this machine does can only make a round worse, so the best of several counts; each has its own idle figure. Below
   * the noise a p99 of some hundred trips says nothing, so an idle one counts as 20 ms at the least.
   * Not seen to fail: with the CPU's limit and its group taken out it still held, since Linux favours whoever sleeps. What holds the
   * bomb itself is the limit of processes, below; this is the measure of the whole.
   */
  test.each(abuses)('T33 while a server %s, its neighbour’s p99 cell round trip is at most five times its idle one', async (_, code) => {
    const rounds: string[] = [];
    quiet = await kernelOf(neighbour);
    for (let round = 0; round < 5; round += 1) {
      const idle = await p99(quiet);
      const kernel = await kernelOf(hog);
      const abuse = kernel.send(`import os, time\nend = time.time() + 6\nprint("begun", flush=True)\n${code}`);
      await kernel.until(({ parent_header, header }) => parent_header.msg_id === abuse && header.msg_type === 'stream');
      const beside = await p99(quiet);
      await kernel.until(({ parent_header, header, content }) => parent_header.msg_id === abuse && header.msg_type === 'status' && content.execution_state === 'idle');
      if (beside <= 5 * Math.max(idle, 20)) return;
      rounds.push(`${Math.round(idle)} -> ${Math.round(beside)} ms`);
    }
    expect.fail(`in each of five rounds: ${rounds.join(', ')}`);
  });

  // T33: seen to fail with prlimit and pids.max taken out (all 400 were made).
  test('T33 a fork bomb stops at the limit of processes, and the neighbour answers', async () => {
    const kernel = await kernelOf(hog);
    const made = await kernel.run(`
import os, signal, time
children = []
try:
    for _ in range(400):
        pid = os.fork()
        if pid == 0:
            time.sleep(120); os._exit(0)
        children.append(pid)
except OSError as error:
    print("held back by", type(error).__name__)
for pid in children: os.kill(pid, signal.SIGKILL)
for pid in children: os.waitpid(pid, 0)
print(len(children))`);
    expect(made).toMatch(/held back by BlockingIOError\n\d\d\n/);
    await neighbourAnswers();
  });

  // Seen to fail without `--size`.
  test('T33 full home, /tmp and /dev/shm hurt nobody, can be emptied, and the server says how full', async () => {
    const kernel = await kernelOf(hog);
    const filled = await kernel.run(`
import os
for place in ("/home/learner", "/tmp", "/dev/shm"):
    total = 0
    try:
        with open(place + "/big", "wb", buffering=0) as f:
            while True: total += f.write(b"x" * (1 << 20))
    except OSError as error: print(place, error.errno, total >> 20)`);
    expect(filled).toMatch(/^\/home\/learner 28 6[34]\n\/tmp 28 1[56]\n\/dev\/shm 28 1[56]\n$/);
    const full = await jupyter.status(hog.access);
    expect(full.diskUsedBytes / full.diskSizeBytes).toBeGreaterThan(0.95);
    // F21: the server still opens notebooks, says that a file found no room, and what is there can be removed.
    await jupyter.openSession(hog.access, 'second.ipynb');
    const bytes = async function* () {
      yield Buffer.alloc(4 * MB);
    };
    const files = async function* () {
      yield { path: 'more.bin', size: 4 * MB, bytes: bytes() };
    };
    expect(await jupyter.putBack(hog.access, files())).toEqual({ written: new Map(), refused: [{ path: 'more.bin', why: 'disk-full' }] });
    await jupyter.remove(hog.access, ['big']);
    expect((await jupyter.status(hog.access)).diskUsedBytes).toBeLessThan(5 * MB);
    await kernel.run('os.unlink("/tmp/big"); os.unlink("/dev/shm/big")');
    await neighbourAnswers();
  });

  // Seen to fail without `--nofile` (it had as many as this program itself may have).
  test('T33 running out of descriptors leaves the server answering', async () => {
    const kernel = await kernelOf(hog);
    expect(await kernel.run(`
files = []
try:
    while True: files.append(open("/dev/null"))
except OSError as error: print(error.errno, 3000 < len(files) < 4096)
del files`)).toBe('24 True\n');
    expect(await jupyter.prove(hog.access)).toBe('proven');
    await neighbourAnswers();
  });

  // T33: seen to fail with memory.limit_in_bytes taken out (the hog got its 2 GB).
  test('T33 a memory hog loses its kernel or its server, never its neighbour', async () => {
    const kernel = await kernelOf(hog);
    kernel.send('x = bytearray(); [x.extend(b"x" * (1 << 24)) for _ in range(128)]; print("got it all", flush=True)');
    // The connection ends with the server; else Jupyter says that it begins the kernel again.
    const ended = await kernel.until(({ header, content }) => header.msg_type === 'stream' || (header.msg_type === 'status' && ['restarting', 'dead'].includes(String(content.execution_state)))).catch((error: Error) => error.message);
    if (typeof ended === 'string') expect(ended).toMatch(/connection [23]/);
    expect(kernel.messages.filter(({ header }) => header.msg_type === 'stream')).toEqual([]);
    await neighbourAnswers();
  });

  test('a server that itself runs out of memory is seen as ended for that reason', async () => {
    const small = await start({ memoryBytes: 200 * MB, diskBytes: 300 * MB });
    // Files are in memory, and no kernel's end makes room for what the server itself writes.
    const bytes = async function* () {
      for (let written = 0; written < 250; written++) yield Buffer.alloc(MB, 'x');
    };
    const files = async function* () {
      yield { path: 'big', size: 250 * MB, bytes: bytes() };
    };
    await expect(jupyter.putBack(small.access, files())).rejects.toThrow('jupyter');
    await expect.poll(() => small.spawner.look(small.access.ref), { timeout: 150_000, interval: 200 }).toMatchObject({ state: 'ended', reason: 'memory' });
  });
});

test('a stop leaves no process, socket, folder or control group, in mid-execution too', async () => {
  const spawner = await makeTestSpawner(inject('pythonDir'));
  const [ref, secrets] = [anyServer(), anySecrets()];
  await spawner.start(ref, anyProfile, secrets);
  const { address } = await waitFor(spawner, ref, 'ready');
  const { kernelId } = await jupyter.openSession({ ref, address, secrets }, 'a.ipynb');
  const kernel = await Kernel.connect({ ref, address, secrets }, kernelId);
  kernel.send('import subprocess, os\nfor _ in range(5): subprocess.Popen(["sleep", "600"], start_new_session=True)\nprint("started", flush=True)\nwhile True: pass');
  await kernel.until(({ header }) => header.msg_type === 'stream');
  const folder = findFolder(spawner.runDir, ref)!;
  const pids = processesOf(folder, launchedProcess(folder));
  expect(pids.length).toBeGreaterThan(8);
  const names = pids.map((pid) => ({ pid, startTime: readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')[19]! }));
  await spawner.stop(ref);
  kernel.close();
  expect(names.filter(isAlive)).toEqual([]);
  expect(readdirSync(spawner.runDir)).toEqual([]);
  expect(folder.made.cgroups.filter((group) => existsSync(group))).toEqual([]);
  await spawner.end();
});

// Seen to fail with no sandbox: the first file was planted.
test('T28 the sandbox of a user who is not root shuts in as well', async () => {
  const server = await start({}, { sandbox: 'user' });
  expect(server.spawner.sandbox).toEqual({ kind: 'user' });
  const kernel = await kernelOf(server);
  const environments = await kernel.run('import os\nfor p in os.listdir("/proc"):\n    if p.isdigit():\n        try: print(open(f"/proc/{p}/environ").read())\n        except OSError: pass');
  for (const name of ['LECTERN_', 'DATABASE_URL', 'PATH=' + (process.env.PATH ?? 'none'), server.access.secrets.token]) expect(environments).not.toContain(name);
  const postgres = Number(new URL(inject('postgresAdminUrl')).port);
  const attempts = ['open("/planted", "w")', 'open("/dev/planted", "w")', 'open("/run/planted", "w")', 'open("/etc/passwd", "a")', `__import__("socket").create_connection(("127.0.0.1", ${postgres}), 2)`, `open(${JSON.stringify(join(TREE, 'package.json'))})`, '__import__("subprocess").run(["unshare", "-Ur", "true"], check=True)'];
  for (const each of attempts) expect(await kernel.run(attempt(each)), each).toMatch(/^(unshare: .*\n)?refused/);
  await server.stop();
});
