//! What a call shows as it is written.

use ruff_python_ast::{Arguments, Expr, ExprCall};

use crate::analysis::calls::When;
use crate::edit::python::dotted;

/// Whether a call only writes to a log.
pub(super) fn is_logging(call: &ExprCall) -> bool {
    const LEVELS: [&str; 8] = [
        "critical",
        "debug",
        "error",
        "exception",
        "info",
        "log",
        "trace",
        "warning",
    ];
    let Expr::Attribute(method) = &*call.func else {
        return false;
    };
    let is_logger = dotted(&method.value).is_some_and(|receiver| {
        let last = receiver
            .rsplit('.')
            .next()
            .unwrap_or_default()
            .to_lowercase();
        last.ends_with("logger") || last == "log" || last == "logging"
    });
    is_logger && LEVELS.contains(&method.attr.as_str())
}

/// Whether a call breaks a rule, given its arguments.
pub(super) fn is_broken(when: When, arguments: &Arguments) -> bool {
    match when {
        When::Always => true,
        When::Without(index, name) => {
            let value = arguments.find_argument_value(name, index);
            !is_open(arguments) && value.is_none_or(Expr::is_none_literal_expr)
        }
    }
}

/// Whether there may be more arguments than are written: `*values`, `**options`.
pub(super) fn is_open(arguments: &Arguments) -> bool {
    let Arguments { args, keywords, .. } = arguments;
    args.iter().any(Expr::is_starred_expr) || keywords.iter().any(|keyword| keyword.arg.is_none())
}

/// The hash of a number is the same everywhere.
pub(super) fn is_constant_hash(call: &ExprCall) -> bool {
    matches!(&*call.func, Expr::Name(name) if name.id.as_str() == "hash")
        && call.arguments.args.iter().all(Expr::is_number_literal_expr)
}
