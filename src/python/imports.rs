//! The order of imports.

use std::cmp::Ordering;

/// Compare names of modules and of imported items as ruff and isort do: case-insensitively,
/// and numbers by value unless they begin with a zero.
///
/// ```
/// use std::cmp::Ordering;
/// use bluetext::python::import_order;
/// assert_eq!(import_order("v2", "v10"), Ordering::Less);
/// assert_eq!(import_order("v02", "v1"), Ordering::Less);
/// ```
#[must_use]
pub fn import_order(a: &str, b: &str) -> Ordering {
    let without_case = natural_order(&a.to_lowercase(), &b.to_lowercase());
    without_case.then_with(|| natural_order(a, b))
}

fn natural_order(mut a: &str, mut b: &str) -> Ordering {
    let number =
        |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    while let (Some(first), Some(second)) = (a.chars().next(), b.chars().next()) {
        let (in_a, in_b) = (number(a), number(b));
        let order = if in_a == 0 || in_b == 0 {
            first.cmp(&second)
        } else {
            let (run_a, run_b) = (&a[..in_a], &b[..in_b]);
            let by_length = if first == '0' || second == '0' {
                Ordering::Equal
            } else {
                in_a.cmp(&in_b)
            };
            by_length.then_with(|| run_a.cmp(run_b))
        };
        if order != Ordering::Equal {
            return order;
        }
        a = &a[in_a.max(first.len_utf8())..];
        b = &b[in_b.max(second.len_utf8())..];
    }
    a.len().cmp(&b.len())
}

/// Sort the names of one import as import sorters do, and remove duplicates.
pub fn sort_names(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = names.into_iter().collect();
    names.sort_by(|a, b| import_order(a, b));
    names.dedup();
    names
}
