//! What calls of other libraries do: a table of functions, each with the rule that a workflow
//! breaks with it.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::rules::Rule;

/// When a call breaks the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// Always.
    Always,
    /// If it has no argument at this index or of this name, or `None`.
    Without(usize, &'static str),
}

/// Which functions an entry is about.
enum Name {
    /// The function of this name.
    One(&'static str),
    /// All functions and classes of this module, but not the methods of its classes.
    Below(&'static str),
}

use Name::{Below, One};
use Rule::{Clock, Environment, File, GlobalState, Hash, LoopEscape, Network, Process, Random};
use When::{Always, Without};

/// Functions that are allowed although an entry of the table stands for their whole module.
const ALLOWED: [&str; 19] = [
    "secrets.compare_digest",
    "socket.AddressFamily",
    "socket.error",
    "socket.gaierror",
    "socket.herror",
    "socket.timeout",
    "subprocess.CompletedProcess",
    "subprocess.CalledProcessError",
    "subprocess.TimeoutExpired",
    "subprocess.list2cmdline",
    "multiprocessing.cpu_count",
    "threading.ThreadError",
    "http.client.HTTPException",
    "urllib.request.quote",
    "urllib.request.unquote",
    "concurrent.futures.TimeoutError",
    "concurrent.futures.CancelledError",
    "shutil.Error",
    "signal.Signals",
];

const TABLE: &[(Name, Rule, When)] = &[
    // Clocks.
    (One("time.time"), Clock, Always),
    (One("time.time_ns"), Clock, Always),
    (One("time.monotonic"), Clock, Always),
    (One("time.monotonic_ns"), Clock, Always),
    (One("time.perf_counter"), Clock, Always),
    (One("time.perf_counter_ns"), Clock, Always),
    (One("time.process_time"), Clock, Always),
    (One("time.process_time_ns"), Clock, Always),
    (One("time.thread_time"), Clock, Always),
    (One("time.thread_time_ns"), Clock, Always),
    (One("time.clock_gettime"), Clock, Always),
    (One("time.clock_gettime_ns"), Clock, Always),
    (One("time.get_clock_info"), Clock, Always),
    (One("time.sleep"), Clock, Always),
    (One("time.gmtime"), Clock, Without(0, "secs")),
    (One("time.localtime"), Clock, Without(0, "secs")),
    (One("time.ctime"), Clock, Without(0, "secs")),
    (One("time.asctime"), Clock, Without(0, "t")),
    (One("time.strftime"), Clock, Without(1, "t")),
    (One("datetime.datetime.now"), Clock, Always),
    (One("datetime.datetime.utcnow"), Clock, Always),
    (One("datetime.datetime.today"), Clock, Always),
    (One("datetime.date.today"), Clock, Always),
    (One("pendulum.now"), Clock, Always),
    (One("pendulum.today"), Clock, Always),
    (One("pendulum.tomorrow"), Clock, Always),
    (One("pendulum.yesterday"), Clock, Always),
    (One("arrow.now"), Clock, Always),
    (One("arrow.utcnow"), Clock, Always),
    (One("pandas.Timestamp.now"), Clock, Always),
    (One("pandas.Timestamp.today"), Clock, Always),
    (One("pandas.Timestamp.utcnow"), Clock, Always),
    (One("django.utils.timezone.now"), Clock, Always),
    (
        One("django.utils.timezone.localdate"),
        Clock,
        Without(0, "value"),
    ),
    (
        One("django.utils.timezone.localtime"),
        Clock,
        Without(0, "value"),
    ),
    (One("email.utils.localtime"), Clock, Without(0, "dt")),
    (One("email.utils.formatdate"), Clock, Without(0, "timeval")),
    // Randomness.
    (One("random.Random"), Random, Without(0, "x")),
    (Below("random"), Random, Always),
    (Below("secrets"), Random, Always),
    (One("uuid.uuid1"), Random, Always),
    (One("uuid.uuid4"), Random, Always),
    (One("uuid.uuid6"), Random, Always),
    (One("uuid.uuid7"), Random, Always),
    (One("uuid.uuid8"), Random, Without(0, "a")),
    (One("uuid.getnode"), Environment, Always),
    (One("os.urandom"), Random, Always),
    (One("os.getrandom"), Random, Always),
    (One("email.utils.make_msgid"), Random, Always),
    (One("numpy.random.default_rng"), Random, Without(0, "seed")),
    (One("numpy.random.RandomState"), Random, Without(0, "seed")),
    (
        One("numpy.random.SeedSequence"),
        Random,
        Without(0, "entropy"),
    ),
    (One("numpy.random.rand"), Random, Always),
    (One("numpy.random.randn"), Random, Always),
    (One("numpy.random.randint"), Random, Always),
    (One("numpy.random.random"), Random, Always),
    (One("numpy.random.normal"), Random, Always),
    (One("numpy.random.uniform"), Random, Always),
    (One("numpy.random.choice"), Random, Always),
    (One("numpy.random.shuffle"), Random, Always),
    (One("numpy.random.permutation"), Random, Always),
    (One("numpy.random.seed"), Random, Always),
    (One("shortuuid.uuid"), Random, Always),
    (One("ulid.new"), Random, Always),
    (One("ulid.ULID"), Random, Without(0, "value")),
    (One("nanoid.generate"), Random, Always),
    (One("uuid_utils.uuid4"), Random, Always),
    (One("uuid_utils.uuid7"), Random, Always),
    // Processes.
    (Below("subprocess"), Process, Always),
    (Below("multiprocessing"), Process, Always),
    (Below("multiprocessing.pool"), Process, Always),
    (Below("signal"), Process, Always),
    (One("os.system"), Process, Always),
    (One("os.popen"), Process, Always),
    (One("os.fork"), Process, Always),
    (One("os.forkpty"), Process, Always),
    (One("os.execv"), Process, Always),
    (One("os.execve"), Process, Always),
    (One("os.execvp"), Process, Always),
    (One("os.execvpe"), Process, Always),
    (One("os.execl"), Process, Always),
    (One("os.execlp"), Process, Always),
    (One("os.spawnv"), Process, Always),
    (One("os.spawnvp"), Process, Always),
    (One("os.spawnl"), Process, Always),
    (One("os.spawnlp"), Process, Always),
    (One("os.posix_spawn"), Process, Always),
    (One("os.posix_spawnp"), Process, Always),
    (One("os.kill"), Process, Always),
    (One("os.killpg"), Process, Always),
    (One("os.abort"), Process, Always),
    (One("os._exit"), Process, Always),
    (One("os.wait"), Process, Always),
    (One("os.waitpid"), Process, Always),
    (One("pty.spawn"), Process, Always),
    (One("pty.fork"), Process, Always),
    // Threads.
    (One("threading.get_ident"), Environment, Always),
    (One("threading.get_native_id"), Environment, Always),
    (Below("threading"), Rule::Thread, Always),
    (Below("_thread"), Rule::Thread, Always),
    (Below("concurrent.futures"), Rule::Thread, Always),
    (Below("concurrent.futures.thread"), Rule::Thread, Always),
    (Below("concurrent.futures.process"), Process, Always),
    (Below("sched"), Rule::Thread, Always),
    (One("anyio.to_thread.run_sync"), LoopEscape, Always),
    (One("anyio.run"), LoopEscape, Always),
    (
        One("starlette.concurrency.run_in_threadpool"),
        LoopEscape,
        Always,
    ),
    (
        One("fastapi.concurrency.run_in_threadpool"),
        LoopEscape,
        Always,
    ),
    (One("asgiref.sync.sync_to_async"), LoopEscape, Always),
    (One("asgiref.sync.async_to_sync"), LoopEscape, Always),
    // What the loop of a workflow does not have.
    (One("asyncio.to_thread"), LoopEscape, Always),
    (One("asyncio.run"), LoopEscape, Always),
    (One("asyncio.Runner"), LoopEscape, Always),
    (One("asyncio.new_event_loop"), LoopEscape, Always),
    (One("asyncio.set_event_loop"), LoopEscape, Always),
    (One("asyncio.run_coroutine_threadsafe"), LoopEscape, Always),
    (One("asyncio.create_subprocess_exec"), LoopEscape, Always),
    (One("asyncio.create_subprocess_shell"), LoopEscape, Always),
    (One("asyncio.open_connection"), LoopEscape, Always),
    (One("asyncio.open_unix_connection"), LoopEscape, Always),
    (One("asyncio.start_server"), LoopEscape, Always),
    (One("asyncio.start_unix_server"), LoopEscape, Always),
    (
        One("asyncio.AbstractEventLoop.run_in_executor"),
        LoopEscape,
        Always,
    ),
    (
        One("asyncio.AbstractEventLoop.run_until_complete"),
        LoopEscape,
        Always,
    ),
    (
        One("asyncio.AbstractEventLoop.run_forever"),
        LoopEscape,
        Always,
    ),
    (
        One("asyncio.AbstractEventLoop.call_soon_threadsafe"),
        LoopEscape,
        Always,
    ),
    (
        One("asyncio.AbstractEventLoop.create_connection"),
        LoopEscape,
        Always,
    ),
    (
        One("asyncio.AbstractEventLoop.create_server"),
        LoopEscape,
        Always,
    ),
    (
        One("asyncio.AbstractEventLoop.create_datagram_endpoint"),
        LoopEscape,
        Always,
    ),
    (
        One("asyncio.AbstractEventLoop.create_unix_connection"),
        LoopEscape,
        Always,
    ),
    (
        One("asyncio.AbstractEventLoop.subprocess_exec"),
        LoopEscape,
        Always,
    ),
    (
        One("asyncio.AbstractEventLoop.subprocess_shell"),
        LoopEscape,
        Always,
    ),
    (
        One("asyncio.AbstractEventLoop.getaddrinfo"),
        LoopEscape,
        Always,
    ),
    (
        One("asyncio.AbstractEventLoop.sock_connect"),
        LoopEscape,
        Always,
    ),
    (
        One("asyncio.AbstractEventLoop.add_reader"),
        LoopEscape,
        Always,
    ),
    (
        One("asyncio.AbstractEventLoop.add_signal_handler"),
        LoopEscape,
        Always,
    ),
    // The SDK warns of these two: they use sets.
    (One("asyncio.wait"), Rule::SetOrder, Always),
    (One("asyncio.as_completed"), Rule::SetOrder, Always),
    // Networks.
    (Below("socket"), Network, Always),
    (Below("select"), Network, Always),
    (Below("selectors"), Network, Always),
    (Below("socketserver"), Network, Always),
    (Below("http.client"), Network, Always),
    (Below("http.server"), Network, Always),
    (Below("urllib.request"), Network, Always),
    (Below("ftplib"), Network, Always),
    (Below("imaplib"), Network, Always),
    (Below("poplib"), Network, Always),
    (Below("smtplib"), Network, Always),
    (Below("xmlrpc.client"), Network, Always),
    (Below("xmlrpc.server"), Network, Always),
    (Below("webbrowser"), Network, Always),
    (One("requests.request"), Network, Always),
    (One("requests.get"), Network, Always),
    (One("requests.post"), Network, Always),
    (One("requests.put"), Network, Always),
    (One("requests.patch"), Network, Always),
    (One("requests.delete"), Network, Always),
    (One("requests.head"), Network, Always),
    (One("requests.options"), Network, Always),
    (One("requests.Session"), Network, Always),
    (One("requests.session"), Network, Always),
    (One("httpx.request"), Network, Always),
    (One("httpx.get"), Network, Always),
    (One("httpx.post"), Network, Always),
    (One("httpx.put"), Network, Always),
    (One("httpx.patch"), Network, Always),
    (One("httpx.delete"), Network, Always),
    (One("httpx.head"), Network, Always),
    (One("httpx.options"), Network, Always),
    (One("httpx.stream"), Network, Always),
    (One("httpx.Client"), Network, Always),
    (One("httpx.AsyncClient"), Network, Always),
    (One("aiohttp.ClientSession"), Network, Always),
    (One("aiohttp.request"), Network, Always),
    (One("urllib3.request"), Network, Always),
    (One("urllib3.PoolManager"), Network, Always),
    (One("websockets.connect"), Network, Always),
    (One("grpc.insecure_channel"), Network, Always),
    (One("grpc.secure_channel"), Network, Always),
    (One("grpc.aio.insecure_channel"), Network, Always),
    (One("grpc.aio.secure_channel"), Network, Always),
    (One("boto3.client"), Network, Always),
    (One("boto3.resource"), Network, Always),
    (One("boto3.Session"), Network, Always),
    (One("boto3.session.Session"), Network, Always),
    (One("redis.Redis"), Network, Always),
    (One("redis.from_url"), Network, Always),
    (One("redis.asyncio.Redis"), Network, Always),
    (One("redis.asyncio.from_url"), Network, Always),
    (One("psycopg.connect"), Network, Always),
    (One("psycopg.AsyncConnection.connect"), Network, Always),
    (One("psycopg2.connect"), Network, Always),
    (One("asyncpg.connect"), Network, Always),
    (One("asyncpg.create_pool"), Network, Always),
    (One("pymongo.MongoClient"), Network, Always),
    (
        One("motor.motor_asyncio.AsyncIOMotorClient"),
        Network,
        Always,
    ),
    (One("sqlalchemy.create_engine"), Network, Always),
    (
        One("sqlalchemy.ext.asyncio.create_async_engine"),
        Network,
        Always,
    ),
    (One("openai.OpenAI"), Network, Always),
    (One("openai.AsyncOpenAI"), Network, Always),
    (One("anthropic.Anthropic"), Network, Always),
    (One("anthropic.AsyncAnthropic"), Network, Always),
    (One("temporalio.client.Client.connect"), Network, Always),
    // Files and databases in files.
    (One("builtins.open"), File, Always),
    (One("builtins.input"), File, Always),
    (One("io.open"), File, Always),
    (One("io.FileIO"), File, Always),
    (One("codecs.open"), File, Always),
    (One("bz2.open"), File, Always),
    (One("gzip.open"), File, Always),
    (One("lzma.open"), File, Always),
    (One("tarfile.open"), File, Always),
    (One("zipfile.ZipFile"), File, Always),
    (One("sqlite3.connect"), File, Always),
    (One("aiosqlite.connect"), File, Always),
    (One("aiofiles.open"), File, Always),
    (One("getpass.getpass"), File, Always),
    (Below("glob"), File, Always),
    (Below("shutil"), File, Always),
    (Below("tempfile"), File, Always),
    (Below("fileinput"), File, Always),
    (Below("filecmp"), File, Always),
    (Below("dbm"), File, Always),
    (Below("shelve"), File, Always),
    (Below("mmap"), File, Always),
    (One("marshal.dump"), File, Always),
    (One("marshal.load"), File, Always),
    (One("os.path.exists"), File, Always),
    (One("os.path.lexists"), File, Always),
    (One("os.path.isfile"), File, Always),
    (One("os.path.isdir"), File, Always),
    (One("os.path.islink"), File, Always),
    (One("os.path.getsize"), File, Always),
    (One("os.path.getmtime"), File, Always),
    (One("os.path.getctime"), File, Always),
    (One("os.path.getatime"), File, Always),
    (One("os.path.realpath"), File, Always),
    (One("os.path.abspath"), File, Always),
    (One("os.path.expanduser"), File, Always),
    (One("pathlib.Path.chmod"), File, Always),
    (One("pathlib.Path.cwd"), File, Always),
    (One("pathlib.Path.exists"), File, Always),
    (One("pathlib.Path.expanduser"), File, Always),
    (One("pathlib.Path.glob"), File, Always),
    (One("pathlib.Path.hardlink_to"), File, Always),
    (One("pathlib.Path.home"), File, Always),
    (One("pathlib.Path.is_dir"), File, Always),
    (One("pathlib.Path.is_file"), File, Always),
    (One("pathlib.Path.is_mount"), File, Always),
    (One("pathlib.Path.is_symlink"), File, Always),
    (One("pathlib.Path.iterdir"), File, Always),
    (One("pathlib.Path.lstat"), File, Always),
    (One("pathlib.Path.mkdir"), File, Always),
    (One("pathlib.Path.open"), File, Always),
    (One("pathlib.Path.owner"), File, Always),
    (One("pathlib.Path.read_bytes"), File, Always),
    (One("pathlib.Path.read_text"), File, Always),
    (One("pathlib.Path.rename"), File, Always),
    (One("pathlib.Path.replace"), File, Always),
    (One("pathlib.Path.resolve"), File, Always),
    (One("pathlib.Path.rglob"), File, Always),
    (One("pathlib.Path.rmdir"), File, Always),
    (One("pathlib.Path.samefile"), File, Always),
    (One("pathlib.Path.stat"), File, Always),
    (One("pathlib.Path.symlink_to"), File, Always),
    (One("pathlib.Path.touch"), File, Always),
    (One("pathlib.Path.unlink"), File, Always),
    (One("pathlib.Path.write_bytes"), File, Always),
    (One("pathlib.Path.write_text"), File, Always),
    // The process and its host.
    (One("os.getenv"), Environment, Always),
    (One("os.environ.get"), Environment, Always),
    (One("os.environ.copy"), Environment, Always),
    (One("os.environ.items"), Environment, Always),
    (One("os.environ.keys"), Environment, Always),
    (One("os.environ.values"), Environment, Always),
    (Below("platform"), Environment, Always),
    (Below("locale"), Environment, Always),
    // Global state.
    (One("os.environ.update"), GlobalState, Always),
    (One("os.environ.setdefault"), GlobalState, Always),
    (One("os.environ.pop"), GlobalState, Always),
    (One("os.environ.clear"), GlobalState, Always),
    (One("os.putenv"), GlobalState, Always),
    (One("os.unsetenv"), GlobalState, Always),
    (One("os.chdir"), GlobalState, Always),
    (One("os.umask"), GlobalState, Always),
    (One("sys.path.append"), GlobalState, Always),
    (One("sys.path.insert"), GlobalState, Always),
    (One("sys.setrecursionlimit"), GlobalState, Always),
    (One("sys.settrace"), GlobalState, Always),
    (One("sys.setprofile"), GlobalState, Always),
    (One("time.tzset"), GlobalState, Always),
    (One("decimal.setcontext"), GlobalState, Always),
    (One("warnings.simplefilter"), GlobalState, Always),
    (One("warnings.filterwarnings"), GlobalState, Always),
    // The rest of `os` is about files, devices and the process.
    (One("os.getpid"), Environment, Always),
    (One("os.getppid"), Environment, Always),
    (One("os.getcwd"), Environment, Always),
    (One("os.cpu_count"), Environment, Always),
    (One("os.uname"), Environment, Always),
    (One("os.getlogin"), Environment, Always),
    (One("os.getuid"), Environment, Always),
    (One("os.getloadavg"), Environment, Always),
    (One("os.times"), Clock, Always),
    (One("os.listdir"), File, Always),
    (One("os.scandir"), File, Always),
    (One("os.walk"), File, Always),
    (One("os.stat"), File, Always),
    (One("os.lstat"), File, Always),
    (One("os.access"), File, Always),
    (One("os.open"), File, Always),
    (One("os.read"), File, Always),
    (One("os.write"), File, Always),
    (One("os.mkdir"), File, Always),
    (One("os.makedirs"), File, Always),
    (One("os.remove"), File, Always),
    (One("os.unlink"), File, Always),
    (One("os.rmdir"), File, Always),
    (One("os.removedirs"), File, Always),
    (One("os.rename"), File, Always),
    (One("os.replace"), File, Always),
    (One("os.link"), File, Always),
    (One("os.symlink"), File, Always),
    (One("os.readlink"), File, Always),
    (One("os.chmod"), File, Always),
    (One("os.truncate"), File, Always),
    (One("os.pipe"), File, Always),
    // Values that differ between processes.
    (One("builtins.hash"), Hash, Always),
    (One("builtins.id"), Hash, Always),
];

/// Modules that have another name in code than the one they are known by.
const ALIASES: [(&str, &str); 4] = [
    ("posixpath.", "os.path."),
    ("posix.", "os."),
    ("asyncio.events.", "asyncio."),
    ("redis.client.", "redis."),
];

/// The table by name: functions, and modules all of whose functions break a rule.
struct Known {
    functions: HashMap<&'static str, (Rule, When)>,
    modules: HashMap<&'static str, (Rule, When)>,
    /// The libraries of the table, and others that a module of the service does not replace.
    libraries: HashSet<&'static str>,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let mut known = Known {
        functions: HashMap::new(),
        modules: HashMap::new(),
        libraries: HashSet::from([
            "abc",
            "collections",
            "contextlib",
            "dataclasses",
            "enum",
            "functools",
            "itertools",
            "json",
            "logging",
            "pydantic",
            "temporalio",
            "typing",
        ]),
    };
    for (pattern, rule, when) in TABLE {
        let (One(name) | Below(name)) = pattern;
        known.libraries.extend(name.split('.').next());
        match pattern {
            One(_) => known.functions.insert(name, (*rule, *when)),
            Below(_) => known.modules.insert(name, (*rule, *when)),
        };
    }
    known
});

/// Whether the first part of a dotted name is a library that the analysis knows.
pub(super) fn is_known_library(name: &str) -> bool {
    let library = name.split('.').next().unwrap_or(name);
    KNOWN.libraries.contains(library)
}

/// Whether the table is about all functions of the module that `from module import *` binds this
/// name from. Names of Python's own functions are left alone.
pub(super) fn is_exported(full_name: &str) -> bool {
    const OWN: [&str; 24] = [
        "abs",
        "all",
        "any",
        "bool",
        "dict",
        "enumerate",
        "float",
        "format",
        "getattr",
        "int",
        "isinstance",
        "len",
        "list",
        "max",
        "min",
        "print",
        "range",
        "repr",
        "set",
        "sorted",
        "str",
        "sum",
        "tuple",
        "zip",
    ];
    let Some((module, name)) = full_name.rsplit_once('.') else {
        return false;
    };
    KNOWN.modules.contains_key(module) && !OWN.contains(&name)
}

/// Whether the table has a function of this name, or a class of it with functions.
pub(super) fn is_listed(full_name: &str) -> bool {
    let class = format!("{full_name}.");
    KNOWN.functions.contains_key(full_name)
        || KNOWN
            .functions
            .keys()
            .any(|known| known.starts_with(&class))
}

/// The rule that a call of this function breaks, and when.
pub(super) fn rule_of(full_name: &str) -> Option<(Rule, When)> {
    let renamed = ALIASES.iter().find_map(|(alias, name)| {
        let rest = full_name.strip_prefix(alias)?;
        Some(format!("{name}{rest}"))
    });
    let name = renamed.as_deref().unwrap_or(full_name);
    if let Some(found) = KNOWN.functions.get(name) {
        return Some(*found);
    }
    let (module, _) = name.rsplit_once('.')?;
    let found = KNOWN.modules.get(module)?;
    (!ALLOWED.contains(&name)).then_some(*found)
}

#[cfg(test)]
mod tests {
    use super::{KNOWN, TABLE};

    #[test]
    fn no_name_is_in_the_table_twice() {
        assert_eq!(KNOWN.functions.len() + KNOWN.modules.len(), TABLE.len());
    }
}
