//! A stack that is large enough for the parsers' recursion.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

use super::{Parses, count, parses};

/// The size of the stack in bytes: enough for the deepest code that is parsed, also in a debug
/// build. It is only reserved: untouched pages use no memory.
const STACK: usize = 256 << 20;

thread_local! {
    static IS_LARGE: Cell<bool> = const { Cell::new(false) };
}

/// Why a parser did not run to its end.
const PANICKED: &str = "the parser failed, which is a bug in bluetext";
const NO_MEMORY: &str = "there is not enough memory to parse it";

/// Do work that parses many files in one thread with a large stack, so that no parser starts
/// a thread of its own.
///
/// Without memory for the stack, the work is done in this thread; parsers then fail with an
/// error.
pub fn on_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    if IS_LARGE.get() {
        return work();
    }
    let mut work = Some(work);
    let done = thread::scope(|scope| {
        let work = &mut work;
        let inside = move || {
            IS_LARGE.set(true);
            let result = work.take().map(|work| work());
            (result, parses())
        };
        let thread = thread::Builder::new().stack_size(STACK);
        Some(thread.spawn_scoped(scope, inside).ok()?.join())
    });
    match (done, work) {
        (Some(Ok((Some(result), there))), _) => {
            count(|here| *here = here.with(there));
            result
        }
        (Some(Err(panic)), _) => resume_unwind(panic),
        (_, Some(work)) => work(),
        (_, None) => unreachable!("the work is taken only where it is done"),
    }
}

/// Parse on the large stack. A panic of the parser is an error, as is a lack of memory: its
/// reason, in words.
pub(super) fn parse_on_large_stack<T: Send>(
    parse: impl FnOnce() -> T + Send,
) -> Result<T, &'static str> {
    if IS_LARGE.get() {
        return catch_unwind(AssertUnwindSafe(parse)).map_err(|_| PANICKED);
    }
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK);
        let thread = thread.spawn_scoped(scope, parse).map_err(|_| NO_MEMORY)?;
        thread.join().map_err(|_| PANICKED)
    })
}

impl Parses {
    fn with(self, other: Self) -> Self {
        Self {
            yaml: self.yaml + other.yaml,
            yaml_positions: self.yaml_positions + other.yaml_positions,
            toml: self.toml + other.toml,
            python: self.python + other.python,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_done_once_in_one_thread() {
        let here = thread::current().id();
        let before = parses();
        let (outer, inner, parsed) = on_large_stack(|| {
            count(|parses| parses.python += 2);
            let outer = thread::current().id();
            let inner = on_large_stack(|| thread::current().id());
            let parsed = parse_on_large_stack(|| thread::current().id());
            (outer, inner, parsed.ok())
        });
        assert_ne!(outer, here);
        assert_eq!((inner, parsed), (outer, Some(outer)));
        assert_eq!(parses().python, before.python + 2);
    }

    #[test]
    fn a_panic_of_a_parser_is_an_error() {
        let fail = || -> usize { panic!("on purpose") };
        assert!(parse_on_large_stack(fail).is_err());
        assert!(on_large_stack(|| parse_on_large_stack(fail).is_err()));
        let panic = catch_unwind(|| on_large_stack(fail));
        assert!(panic.is_err());
    }
}
