//! What calls of other libraries do: a table of functions, each with the rule that a workflow
//! breaks with it.

use std::borrow::Cow;
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

use Rule::{
    Clock, Environment, File, GlobalState, Hash, LoopEscape, Network, Process, Random, SetOrder,
    Thread,
};

/// Functions that are allowed although an entry stands for their whole module.
const ALLOWED: [&str; 20] = [
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
    "threading.ThreadError",
    "http.client.HTTPException",
    "urllib.request.quote",
    "urllib.request.unquote",
    "concurrent.futures.TimeoutError",
    "concurrent.futures.CancelledError",
    "shutil.Error",
    "signal.Signals",
    "numpy.random.BitGenerator",
    "numpy.random.Generator",
];

/// Functions of `os` that depend on their arguments alone. The sandbox refuses them as well.
const PURE: [&str; 15] = [
    "os.fsdecode",
    "os.fsencode",
    "os.fspath",
    "os.strerror",
    "os.path.basename",
    "os.path.commonpath",
    "os.path.commonprefix",
    "os.path.dirname",
    "os.path.isabs",
    "os.path.join",
    "os.path.normcase",
    "os.path.normpath",
    "os.path.split",
    "os.path.splitdrive",
    "os.path.splitext",
];

/// Functions that break a rule, with the module or class that has them. `*` stands for all
/// functions and classes of a module, but not for the methods of its classes.
const FUNCTIONS: &[(Rule, &str, &str)] = &[
    // Clocks.
    (Clock, "arrow", "now utcnow"),
    (Clock, "datetime.date", "today"),
    (Clock, "datetime.datetime", "now today utcnow"),
    (Clock, "django.utils.timezone", "now"),
    (Clock, "os", "times"),
    (Clock, "pandas.Timestamp", "now today utcnow"),
    (Clock, "pendulum", "now today tomorrow yesterday"),
    (
        Clock,
        "time",
        "clock_gettime clock_gettime_ns get_clock_info monotonic monotonic_ns perf_counter \
         perf_counter_ns pthread_getcpuclockid process_time process_time_ns sleep thread_time thread_time_ns time \
         time_ns",
    ),
    // Randomness.
    (Random, "email.utils", "make_msgid"),
    (Random, "nanoid", "generate"),
    (Random, "numpy.random", "*"),
    (Random, "os", "getrandom urandom"),
    (Random, "random", "*"),
    (Random, "secrets", "*"),
    (Random, "shortuuid", "uuid"),
    (Random, "ulid", "new"),
    (Random, "uuid", "uuid1 uuid4 uuid6 uuid7"),
    (Random, "uuid_utils", "uuid4 uuid7"),
    // Processes.
    (Process, "concurrent.futures.process", "*"),
    (Process, "multiprocessing", "*"),
    (Process, "multiprocessing.pool", "*"),
    (
        Process,
        "os",
        "_exit abort execl execle execlp execlpe execv execve execvp execvpe fork forkpty kill \
         killpg nice popen posix_spawn posix_spawnp spawnl spawnle spawnlp spawnlpe spawnv \
         spawnve spawnvp spawnvpe startfile system wait wait3 wait4 waitid waitpid",
    ),
    (Process, "pty", "fork spawn"),
    (Process, "signal", "*"),
    (Process, "subprocess", "*"),
    // Threads.
    (Thread, "_thread", "*"),
    (Thread, "concurrent.futures", "*"),
    (Thread, "concurrent.futures.thread", "*"),
    (Thread, "sched", "*"),
    (Thread, "threading", "*"),
    // What the loop of a workflow does not have.
    (LoopEscape, "anyio", "run"),
    (LoopEscape, "anyio.to_thread", "run_sync"),
    (LoopEscape, "asgiref.sync", "async_to_sync sync_to_async"),
    (
        LoopEscape,
        "asyncio",
        "Runner create_subprocess_exec create_subprocess_shell new_event_loop open_connection \
         open_unix_connection run run_coroutine_threadsafe set_event_loop start_server \
         start_unix_server to_thread",
    ),
    (
        LoopEscape,
        "asyncio.AbstractEventLoop",
        "add_reader add_signal_handler call_soon_threadsafe create_connection \
         create_datagram_endpoint create_server create_unix_connection getaddrinfo run_forever \
         run_in_executor run_until_complete sock_connect subprocess_exec subprocess_shell",
    ),
    (LoopEscape, "fastapi.concurrency", "run_in_threadpool"),
    (LoopEscape, "starlette.concurrency", "run_in_threadpool"),
    // The SDK warns of these two: they use sets.
    (SetOrder, "asyncio", "as_completed wait"),
    // Networks.
    (Network, "aiohttp", "ClientSession request"),
    (Network, "anthropic", "Anthropic AsyncAnthropic"),
    (Network, "asyncpg", "connect create_pool"),
    (Network, "boto3", "Session client resource"),
    (Network, "boto3.session", "Session"),
    (Network, "ftplib", "*"),
    (Network, "grpc", "insecure_channel secure_channel"),
    (Network, "grpc.aio", "insecure_channel secure_channel"),
    (Network, "http.client", "*"),
    (Network, "http.server", "*"),
    (
        Network,
        "httpx",
        "AsyncClient Client delete get head options patch post put request stream",
    ),
    (Network, "imaplib", "*"),
    (Network, "motor.motor_asyncio", "AsyncIOMotorClient"),
    (Network, "openai", "AsyncOpenAI OpenAI"),
    (Network, "poplib", "*"),
    (Network, "psycopg", "connect"),
    (Network, "psycopg.AsyncConnection", "connect"),
    (Network, "psycopg2", "connect"),
    (Network, "pymongo", "MongoClient"),
    (Network, "redis", "Redis from_url"),
    (Network, "redis.asyncio", "Redis from_url"),
    (
        Network,
        "requests",
        "Session delete get head options patch post put request session",
    ),
    (Network, "select", "*"),
    (Network, "selectors", "*"),
    (Network, "smtplib", "*"),
    (Network, "socket", "*"),
    (Network, "socketserver", "*"),
    (Network, "sqlalchemy", "create_engine"),
    (Network, "sqlalchemy.ext.asyncio", "create_async_engine"),
    (Network, "temporalio.client.Client", "connect"),
    (Network, "urllib.request", "*"),
    (Network, "urllib3", "PoolManager request"),
    (Network, "webbrowser", "*"),
    (Network, "websockets", "connect"),
    (Network, "xmlrpc.client", "*"),
    (Network, "xmlrpc.server", "*"),
    // Files, and databases in files.
    (File, "aiofiles", "open"),
    (File, "aiosqlite", "connect"),
    (File, "builtins", "input open"),
    (File, "bz2", "open"),
    (File, "codecs", "open"),
    (File, "dbm", "*"),
    (File, "filecmp", "*"),
    (File, "fileinput", "*"),
    (File, "glob", "*"),
    (File, "gzip", "open"),
    (File, "io", "FileIO open"),
    (File, "lzma", "open"),
    (File, "marshal", "dump load"),
    (File, "mmap", "*"),
    (
        File,
        "os",
        "access chmod chown close copy_file_range dup dup2 fdopen fstat fsync ftruncate fwalk \
         lchown link listdir lseek lstat makedirs mkdir mkfifo mknod open pipe pread pwrite read \
         readlink remove removedirs rename renames replace rmdir scandir sendfile stat statvfs \
         symlink truncate unlink utime walk write",
    ),
    (
        File,
        "os.path",
        "abspath exists expanduser getatime getctime getmtime getsize isdir isfile islink \
         lexists realpath",
    ),
    (
        File,
        "pathlib.Path",
        "chmod cwd exists expanduser glob group hardlink_to home is_block_device is_char_device \
         is_dir is_fifo is_file is_junction is_mount is_socket is_symlink iterdir lchmod link_to \
         lstat mkdir open owner read_bytes read_link read_text readlink rename replace resolve \
         rglob rmdir samefile stat symlink_to touch unlink walk write_bytes write_text",
    ),
    (File, "shelve", "*"),
    (File, "shutil", "*"),
    (File, "sqlite3", "connect"),
    (File, "tarfile", "open"),
    (File, "tarfile.TarFile", "extract extractall"),
    (File, "tempfile", "*"),
    (File, "zipfile", "ZipFile"),
    (File, "zipfile.ZipFile", "extract extractall"),
    // The process and its host.
    (Environment, "curses", "*"),
    (Environment, "getopt", "*"),
    (Environment, "getpass", "*"),
    (Environment, "gettext", "*"),
    (Environment, "locale", "*"),
    (Environment, "multiprocessing", "cpu_count"),
    (Environment, "os", "*"),
    (Environment, "os.path", "*"),
    (Environment, "os.environ", "copy get items keys values"),
    (Environment, "platform", "*"),
    (Environment, "readline", "*"),
    (Environment, "threading", "get_ident get_native_id"),
    (Environment, "uuid", "getnode"),
    // State of the process.
    (GlobalState, "decimal", "setcontext"),
    (GlobalState, "os", "chdir putenv umask unsetenv"),
    (GlobalState, "os.environ", "clear pop setdefault update"),
    (GlobalState, "sys", "setprofile setrecursionlimit settrace"),
    (GlobalState, "sys.path", "append insert"),
    (GlobalState, "time", "tzset"),
    (GlobalState, "zoneinfo.ZoneInfo", "clear_cache reset_tzpath"),
    (GlobalState, "warnings", "filterwarnings simplefilter"),
    // Values that differ between processes.
    (Hash, "builtins", "hash id"),
];

/// Functions that break a rule only without an argument, which has this index and name: they then
/// read the clock, or are seeded by the system. `None` counts as no argument.
const WITHOUT_ARGUMENT: &[(Rule, &str, usize, &str)] = &[
    (Clock, "time.gmtime", 0, "secs"),
    (Clock, "time.localtime", 0, "secs"),
    (Clock, "time.ctime", 0, "secs"),
    (Clock, "time.asctime", 0, "t"),
    (Clock, "time.strftime", 1, "t"),
    (Clock, "django.utils.timezone.localdate", 0, "value"),
    (Clock, "django.utils.timezone.localtime", 0, "value"),
    (Clock, "email.utils.localtime", 0, "dt"),
    (Clock, "email.utils.formatdate", 0, "timeval"),
    (Random, "random.Random", 0, "x"),
    (Random, "uuid.uuid8", 0, "a"),
    (Random, "numpy.random.default_rng", 0, "seed"),
    (Random, "numpy.random.RandomState", 0, "seed"),
    (Random, "numpy.random.SeedSequence", 0, "entropy"),
    (Random, "numpy.random.MT19937", 0, "seed"),
    (Random, "numpy.random.PCG64", 0, "seed"),
    (Random, "numpy.random.PCG64DXSM", 0, "seed"),
    (Random, "numpy.random.Philox", 0, "seed"),
    (Random, "numpy.random.SFC64", 0, "seed"),
    (Random, "ulid.ULID", 0, "value"),
];

/// Modules that have another name in code than the one they are known by.
const ALIASES: [(&str, &str); 4] = [
    ("posixpath.", "os.path."),
    ("posix.", "os."),
    ("asyncio.events.", "asyncio."),
    ("redis.client.", "redis."),
];

/// The tables by name: functions, and modules all of whose functions break a rule.
struct Known {
    functions: HashMap<String, (Rule, When)>,
    modules: HashMap<&'static str, Rule>,
    /// The modules and classes that have these functions.
    owners: HashSet<&'static str>,
    /// The libraries of the tables, and others that a module of the service does not replace.
    libraries: HashSet<&'static str>,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let mut known = Known {
        functions: HashMap::new(),
        modules: HashMap::new(),
        owners: HashSet::new(),
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
    for (rule, owner, names) in FUNCTIONS {
        known.libraries.extend(owner.split('.').next());
        if *names == "*" {
            known.modules.insert(owner, *rule);
            continue;
        }
        known.owners.insert(owner);
        for name in names.split(' ') {
            let full_name = format!("{owner}.{name}");
            known.functions.insert(full_name, (*rule, When::Always));
        }
    }
    for (rule, name, index, argument) in WITHOUT_ARGUMENT {
        let when = When::Without(*index, argument);
        known.functions.insert((*name).to_owned(), (*rule, when));
        known.libraries.extend(name.split('.').next());
        known
            .owners
            .extend(name.rsplit_once('.').map(|(owner, _)| owner));
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

/// Whether the tables have a function of this name, or a class of it with functions.
pub(super) fn is_listed(full_name: &str) -> bool {
    KNOWN.functions.contains_key(full_name) || KNOWN.owners.contains(full_name)
}

/// The rule that a call of this function breaks, and when.
pub(super) fn rule_of(full_name: &str) -> Option<(Rule, When)> {
    let name = &*usual_name(full_name);
    if let Some(found) = KNOWN.functions.get(name) {
        return Some(*found);
    }
    let (module, _) = name.rsplit_once('.')?;
    let rule = *KNOWN.modules.get(module)?;
    (!ALLOWED.contains(&name)).then_some((rule, When::Always))
}

/// Whether a function breaks a rule only because the sandbox refuses it.
pub(super) fn is_pure(full_name: &str) -> bool {
    PURE.contains(&&*usual_name(full_name))
}

/// The name that the tables have.
fn usual_name(full_name: &str) -> Cow<'_, str> {
    let renamed = ALIASES.iter().find_map(|(alias, name)| {
        let rest = full_name.strip_prefix(alias)?;
        Some(format!("{name}{rest}"))
    });
    renamed.map_or(Cow::Borrowed(full_name), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::{ALLOWED, FUNCTIONS, KNOWN, Rule, WITHOUT_ARGUMENT, When, rule_of};

    #[test]
    fn no_name_is_in_the_tables_twice() {
        let names = FUNCTIONS.iter().flat_map(|(_, _, names)| names.split(' '));
        let count = names.count() + WITHOUT_ARGUMENT.len();
        assert_eq!(KNOWN.functions.len() + KNOWN.modules.len(), count);
    }

    #[test]
    fn siblings_have_the_same_rule() {
        for (name, rule) in [
            ("numpy.random.exponential", Rule::Random),
            ("os.spawnvpe", Rule::Process),
            ("os.fstat", Rule::File),
            ("os.path.join", Rule::Environment),
            ("posix.getgid", Rule::Environment),
        ] {
            assert_eq!(rule_of(name), Some((rule, When::Always)), "{name}");
        }
        assert_eq!(rule_of("numpy.random.Generator"), None);
    }

    #[test]
    fn what_is_allowed_would_break_a_rule_otherwise() {
        for name in ALLOWED {
            let (module, _) = name.rsplit_once('.').unwrap_or_default();
            assert!(KNOWN.modules.contains_key(module), "{name}");
            assert!(!KNOWN.functions.contains_key(name), "{name}");
        }
    }
}
