//! Parses a module after checking that it cannot overflow the parser's stack.

use ruff_python_ast::ModModule;
use ruff_python_ast::token::TokenKind;
use ruff_python_parser::lexer::lex;
use ruff_python_parser::{Mode, parse_module};
use ruff_text_size::Ranged;

use crate::edit::stack::parse_on_large_stack;
use crate::edit::{EditError, Position, check_size, count};

/// Maximum nesting depth of brackets and blocks.
const MAX_NESTING: usize = 200;

/// Maximum number of tokens between two commas, with those of the enclosing brackets.
const MAX_CHAIN: usize = 2_000;

pub(super) fn parse(text: &str) -> Result<ModModule, EditError> {
    check_size(text)?;
    count(|parses| parses.python += 1);
    check_depth(text)?;
    // The parser treats a byte-order mark as an ordinary character.
    if text.starts_with('\u{feff}') {
        return Err(EditError::syntax(
            "the module begins with a byte-order mark: save it without",
            Some(Position::START),
        ));
    }
    if text.contains('\r') && !text.contains('\n') {
        return Err(EditError::syntax(
            "the lines end in carriage returns only: save it with line feeds",
            Some(Position::START),
        ));
    }
    parse_on_large_stack(|| parse_module(text))
        .map_err(|reason| EditError::syntax(reason, None))?
        .map(ruff_python_parser::Parsed::into_syntax)
        .map_err(|error| {
            let at = error.location.start().to_usize();
            EditError::syntax(error.error.to_string(), Some(Position::of(text, at)))
        })
}

/// The comments of a module that has been parsed before, each with its offset.
pub(super) fn comments(text: &str) -> Vec<(usize, &str)> {
    // The lexer does not tell where a token is.
    let Ok(Ok(parsed)) = parse_on_large_stack(|| parse_module(text)) else {
        return Vec::new();
    };
    let tokens = parsed.tokens().iter();
    tokens
        .filter(|token| token.kind() == TokenKind::Comment)
        .map(|token| {
            let (start, end) = (token.start().to_usize(), token.end().to_usize());
            (start, &text[start..end])
        })
        .collect()
}

/// Reject code that would overflow the parser's stack, which cannot be turned into an error.
/// The lexer does not recurse, so it runs first.
///
/// Brackets, blocks, f-strings and chains of operators nest, and so do calls of calls; a chain
/// is at most as long as the number of tokens between two commas. Adjacent strings do not nest.
fn check_depth(text: &str) -> Result<(), EditError> {
    let mut lexer = lex(text, Mode::Module);
    let mut blocks = 0_usize;
    let mut lambdas = 0_usize;
    let mut chains = Chains::new();
    let mut is_after_string = false;
    loop {
        let token = lexer.next_token();
        match token {
            TokenKind::EndOfFile => return Ok(()),
            TokenKind::Indent => blocks += 1,
            TokenKind::Dedent => blocks = blocks.saturating_sub(1),
            TokenKind::Lpar
            | TokenKind::Lsqb
            | TokenKind::Lbrace
            | TokenKind::FStringStart
            | TokenKind::TStringStart => chains.open(),
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace => {
                chains.close();
                chains.grow();
            }
            TokenKind::FStringEnd | TokenKind::TStringEnd => chains.close(),
            TokenKind::Newline | TokenKind::Semi => {
                lambdas = 0;
                chains.begin();
            }
            // The parameters of a lambda are separated by commas, and its body nests.
            TokenKind::Lambda => lambdas += 1,
            TokenKind::Comma => chains.begin(),
            TokenKind::Comment | TokenKind::NonLogicalNewline => continue,
            TokenKind::String if is_after_string => {}
            _ => chains.grow(),
        }
        is_after_string = matches!(
            token,
            TokenKind::String | TokenKind::FStringEnd | TokenKind::TStringEnd
        );
        if blocks + lambdas + chains.depth() > MAX_NESTING || chains.total > MAX_CHAIN {
            // The position is not known here.
            return Err(EditError::syntax(
                "the code is nested too deeply to be parsed safely",
                None,
            ));
        }
    }
}

/// The chains of operators and calls that enclose a place, one for each bracket.
struct Chains {
    lengths: Vec<usize>,
    total: usize,
}

impl Chains {
    fn new() -> Self {
        Self {
            lengths: vec![0],
            total: 0,
        }
    }

    fn depth(&self) -> usize {
        self.lengths.len()
    }

    fn open(&mut self) {
        self.lengths.push(0);
    }

    fn close(&mut self) {
        // Code with too many closing brackets is not valid.
        if self.lengths.len() > 1 {
            self.total -= self.lengths.pop().unwrap_or(0);
        }
    }

    fn grow(&mut self) {
        if let Some(length) = self.lengths.last_mut() {
            *length += 1;
            self.total += 1;
        }
    }

    fn begin(&mut self) {
        if let Some(length) = self.lengths.last_mut() {
            self.total -= std::mem::take(length);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each form, repeated so often, is parsed or refused; nothing ends the process.
    #[test]
    fn deep_code_is_refused_and_long_code_is_not() {
        type Form = fn(usize) -> String;
        let forms: [(&str, Form); 8] = [
            ("attributes", |n| format!("x = a{}\n", ".b".repeat(n))),
            ("calls", |n| format!("x = a{}\n", "()".repeat(n))),
            ("calls with commas", |n| {
                format!("x = a{}\n", "(1,)".repeat(n))
            }),
            ("subscripts", |n| format!("x = a{}\n", "[0]".repeat(n))),
            ("minus", |n| format!("x = {}1\n", "-".repeat(n))),
            ("brackets", |n| {
                format!("x = {}{}\n", "[".repeat(n), "]".repeat(n))
            }),
            ("sums", |n| format!("x = 1{}\n", " + 1".repeat(n))),
            ("lambdas", |n| {
                format!("x = {}1\n", "lambda a, b: ".repeat(n))
            }),
        ];
        for (what, form) in forms {
            assert!(parse(&form(150)).is_ok(), "{what}");
            for count in [2_000, 20_000, 200_000] {
                assert!(parse(&form(count)).is_err(), "{count} {what}");
            }
        }
        for (what, form) in [
            (
                "strings",
                (|n| format!("x = ({})\n", "'a'\n".repeat(n))) as Form,
            ),
            ("texts", |n| format!("x = ({})\n", "f'{a}' 'b' ".repeat(n))),
            ("items", |n| format!("x = [{}]\n", "a.b(1), ".repeat(n))),
            ("rows", |n| format!("x = [{}]\n", "[1, 2], ".repeat(n))),
            ("statements", |n| "a.b(1); ".repeat(n) + "\n"),
            ("branches", |n| {
                format!("if a: b\n{}", "elif a: b\n".repeat(n))
            }),
        ] {
            assert!(parse(&form(2_500)).is_ok(), "{what}");
        }
    }
}
