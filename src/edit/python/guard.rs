//! Parses a module after checking that it cannot overflow the parser's stack.

use ruff_python_ast::ModModule;
use ruff_python_ast::token::TokenKind;
use ruff_python_parser::lexer::lex;
use ruff_python_parser::{Mode, parse_module};

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
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    if body.len() != text.len() {
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
    let Ok(parsed) = parse_on_large_stack(|| parse_module(text)) else {
        return Err(EditError::syntax("the parser failed", None));
    };
    parsed
        .map(ruff_python_parser::Parsed::into_syntax)
        .map_err(|error| {
            let at = error.location.start().to_usize();
            EditError::syntax(error.error.to_string(), Some(Position::of(text, at)))
        })
}

/// Reject code that would overflow the parser's stack, which cannot be turned into an error.
/// The lexer does not recurse, so it runs first.
///
/// Brackets, blocks, f-strings and chains of operators nest; a chain is at most as long as the
/// number of tokens between two commas.
fn check_depth(text: &str) -> Result<(), EditError> {
    let mut lexer = lex(text, Mode::Module);
    let mut blocks = 0_usize;
    let mut lambdas = 0_usize;
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
            TokenKind::Newline | TokenKind::Semi => {
                lambdas = 0;
                if let Some(chain) = chains.last_mut() {
                    *chain = 0;
                }
            }
            // The parameters of a lambda are separated by commas, and its body nests.
            TokenKind::Lambda => lambdas += 1,
            TokenKind::Comma => {
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
        let is_too_deep = blocks + lambdas + chains.len() > MAX_NESTING
            || chains.iter().sum::<usize>() > MAX_CHAIN;
        if is_too_deep {
            // The position is not known here.
            return Err(EditError::syntax(
                "the code is nested too deeply to be parsed safely",
                None,
            ));
        }
    }
}
