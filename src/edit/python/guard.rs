//! Parses a module, after a check that the parser survives it.

use ruff_python_ast::ModModule;
use ruff_python_ast::token::TokenKind;
use ruff_python_parser::lexer::lex;
use ruff_python_parser::{Mode, parse_module};

use crate::edit::{EditError, Position, check_size, count};

/// Brackets and blocks inside each other.
const MAX_NESTING: usize = 200;

/// Tokens between two commas.
const MAX_CHAIN: usize = 2_000;

/// Enough for the deepest code that [`check_depth`] lets through, in a debug build too.
const PARSER_STACK: usize = 256 << 20;

pub(super) fn parse(text: &str) -> Result<ModModule, EditError> {
    check_size(text)?;
    count(|parses| parses.python += 1);
    check_depth(text)?;
    // The parser takes a byte-order mark for a character like any other.
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    if body.len() != text.len() {
        return Err(EditError::syntax(
            "the module begins with a byte-order mark: save it without",
            Some(Position { line: 1, column: 1 }),
        ));
    }
    if text.contains('\r') && !text.contains('\n') {
        return Err(EditError::syntax(
            "the lines end in carriage returns only: save it with line feeds",
            Some(Position { line: 1, column: 1 }),
        ));
    }
    // The stack is reserved, not used: what a thread does not touch costs nothing.
    let parsed = std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(PARSER_STACK)
            .spawn_scoped(scope, || parse_module(text))
            .map(std::thread::ScopedJoinHandle::join)
    });
    let Ok(Ok(parsed)) = parsed else {
        return Err(EditError::syntax("the parser failed", None));
    };
    parsed
        .map(ruff_python_parser::Parsed::into_syntax)
        .map_err(|error| {
            let at = error.location.start().to_usize();
            EditError::syntax(error.error.to_string(), Some(Position::of(text, at)))
        })
}

/// Refuse what would make the parser recurse until the stack overflows, which cannot be turned
/// into an error. Its lexer does not recurse, so it is asked first.
///
/// What nests is brackets, blocks, f-strings and chains of operators; a chain is as long as
/// the tokens between two commas, or less.
fn check_depth(text: &str) -> Result<(), EditError> {
    let mut lexer = lex(text, Mode::Module);
    let mut blocks = 0_usize;
    let mut chains = vec![0_usize];
    loop {
        match lexer.next_token() {
            TokenKind::EndOfFile => return Ok(()),
            TokenKind::Indent => blocks += 1,
            TokenKind::Dedent => blocks = blocks.saturating_sub(1),
            TokenKind::Lpar
            | TokenKind::Lsqb
            | TokenKind::Lbrace
            | TokenKind::FStringStart
            | TokenKind::TStringStart => chains.push(0),
            TokenKind::Rpar
            | TokenKind::Rsqb
            | TokenKind::Rbrace
            | TokenKind::FStringEnd
            | TokenKind::TStringEnd
                if chains.len() > 1 =>
            {
                chains.pop();
            }
            TokenKind::Comma | TokenKind::Newline | TokenKind::Semi => {
                if let Some(chain) = chains.last_mut() {
                    *chain = 0;
                }
            }
            TokenKind::Comment | TokenKind::NonLogicalNewline => {}
            _ => {
                if let Some(chain) = chains.last_mut() {
                    *chain += 1;
                }
            }
        }
        let is_too_deep = blocks + chains.len() > MAX_NESTING
            || chains.last().is_some_and(|&chain| chain > MAX_CHAIN);
        if is_too_deep {
            // The lexer does not tell where it is.
            return Err(EditError::syntax(
                "the code is nested too deeply to be parsed safely",
                None,
            ));
        }
    }
}
