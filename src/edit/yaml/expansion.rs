//! Refuses files whose aliases expand to more than is reasonable, before they are expanded.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser};

use crate::edit::{EditError, Position};

/// Maximum number of nodes, with each alias counted as the nodes that it refers to.
const MAX_NODES: usize = 100_000;

/// Maximum length of all scalars together, with aliases expanded, in bytes.
const MAX_BYTES: usize = 4 << 20;

/// The size of a file's values, or of a part.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    nodes: usize,
    bytes: usize,
}

impl Size {
    fn add(&mut self, other: Self) {
        self.nodes = self.nodes.saturating_add(other.nodes);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}

/// Check the size of a file's values without making them.
///
/// # Errors
///
/// [`EditError::Syntax`], with the position of the alias or value that is too much.
pub(super) fn check(text: &str) -> Result<(), EditError> {
    // Most files are too short for that many nodes, which need two bytes each.
    let has_aliases = text.contains('&') && text.contains('*');
    if !has_aliases && text.len() < 2 * MAX_NODES {
        return Ok(());
    }
    let mut total = Size::default();
    let mut anchors: HashMap<usize, Size> = HashMap::new();
    // The collections that have not ended, each with its anchor and the size before it.
    let mut open: Vec<(usize, Size)> = Vec::new();
    for event in Parser::new_from_str(text) {
        // Syntax errors are reported by the parser of the values.
        let Ok((event, span)) = event else {
            return Ok(());
        };
        let node = Size { nodes: 1, bytes: 0 };
        match event {
            Event::Scalar(scalar, _, anchor, _) => {
                let size = Size {
                    nodes: 1,
                    bytes: scalar.len(),
                };
                total.add(size);
                anchors.insert(anchor, size);
            }
            Event::Alias(anchor) => total.add(anchors.get(&anchor).copied().unwrap_or(node)),
            Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _) => {
                open.push((anchor, total));
                total.add(node);
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some((anchor, before)) = open.pop() {
                    let size = Size {
                        nodes: total.nodes - before.nodes,
                        bytes: total.bytes - before.bytes,
                    };
                    anchors.insert(anchor, size);
                }
            }
            _ => {}
        }
        if total.nodes > MAX_NODES || total.bytes > MAX_BYTES {
            let position = Position {
                line: span.start.line(),
                column: span.start.col() + 1,
            };
            return Err(EditError::syntax(
                "the file has more values than are supported, with its aliases expanded",
                Some(position),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_aliases_expand_to_counts() {
        let list = |items: &str, count: usize| vec![items; count].join(",");
        let nested = |levels: usize| {
            let first = "x0: &x0 [a, a, a, a, a, a, a, a, a]\n".to_owned();
            (1..levels).fold(first, |text, n| {
                text + &format!("x{n}: &x{n} [{}]\n", list(&format!("*x{}", n - 1), 9))
            })
        };
        let of_list = format!("x: &x [{}]\ny: [{}]\n", list("1", 1500), list("*x", 1000));
        let of_text = format!("x: &x {}\ny: [{}]\n", "y".repeat(4000), list("*x", 1500));
        let merged = format!(
            "x: &x {{{}}}\ny: {{ <<: [{}] }}\n",
            list("k: 1", 300),
            list("*x", 999)
        );
        for text in [
            &nested(9),
            &of_list,
            &of_text,
            &merged,
            &format!("x: [{}]\n", list("1", 200_000)),
        ] {
            let error = check(text).unwrap_err();
            assert!(error.position().is_some(), "{error:?}");
        }
        let usual = format!("x: &x {{ image: y }}\ny: [{}]\n", list("*x", 1000));
        for text in [
            &nested(4),
            &usual,
            "x: &x [*x]\n",
            "x: *y\n",
            "[",
            &format!("x: [{}]\n", list("1", 90_000)),
        ] {
            assert_eq!(check(text), Ok(()), "{}", &text[..text.len().min(80)]);
        }
    }
}
