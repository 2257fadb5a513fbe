//! Renders paths as a tree. A folder with a single entry shares the line of that entry.

/// A line of a tree.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Its depth in the tree.
    pub depth: usize,
    /// Its text; folders end in `/`.
    pub text: String,
    /// The index of the path that ends here, if any.
    pub leaf: Option<usize>,
}

/// Render these paths as a tree. A path that ends in `/` is one entry, a folder.
pub(super) fn lines(paths: &[&str]) -> Vec<Line> {
    let mut sorted: Vec<(Vec<&str>, usize)> = paths
        .iter()
        .enumerate()
        .map(|(index, path)| (path.split('/').collect(), index))
        .collect();
    // Folders are listed before files.
    sorted.sort_by(|(a, _), (b, _)| {
        let common = a.iter().zip(b).take_while(|(a, b)| a == b).count();
        let is_file = |parts: &[&str]| common + 1 == parts.len();
        (is_file(a), a).cmp(&(is_file(b), b))
    });
    let mut lines = Vec::new();
    level(&sorted, 0, 0, &mut lines);
    lines
}

/// Render paths that share their first `common` parts.
fn level(paths: &[(Vec<&str>, usize)], common: usize, depth: usize, lines: &mut Vec<Line>) {
    let mut rest = paths;
    while let Some((first, index)) = rest.first() {
        let same = rest
            .iter()
            .take_while(|(parts, _)| parts.get(common) == first.get(common))
            .count();
        let (group, after) = rest.split_at(same);
        rest = after;
        if let [_] = group {
            lines.push(Line {
                depth,
                text: first[common..].join("/"),
                leaf: Some(*index),
            });
            continue;
        }
        // Join folders that contain only one folder on one line.
        let mut end = common + 1;
        while group
            .iter()
            .all(|(parts, _)| parts.len() > end + 1 && parts[end] == first[end])
        {
            end += 1;
        }
        lines.push(Line {
            depth,
            text: format!("{}/", first[common..end].join("/")),
            leaf: None,
        });
        level(group, end, depth + 1, lines);
    }
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn folders_are_named_once_and_listed_before_files() {
        let paths = [
            "polytope.yml",
            "modules/api/src/a/b/one.py",
            "modules/api/src/a/b/two.py",
            "modules/api/pyproject.toml",
            "modules/db/polytope.yml",
            "z/only.txt",
        ];
        let shown: Vec<String> = lines(&paths)
            .iter()
            .map(|line| {
                let leaf = line.leaf.map(|index| paths[index]);
                format!("{}{} {leaf:?}", "  ".repeat(line.depth), line.text)
            })
            .collect();
        assert_eq!(
            shown,
            [
                "modules/ None",
                "  api/ None",
                "    src/a/b/ None",
                "      one.py Some(\"modules/api/src/a/b/one.py\")",
                "      two.py Some(\"modules/api/src/a/b/two.py\")",
                "    pyproject.toml Some(\"modules/api/pyproject.toml\")",
                "  db/polytope.yml Some(\"modules/db/polytope.yml\")",
                "z/only.txt Some(\"z/only.txt\")",
                "polytope.yml Some(\"polytope.yml\")",
            ]
        );
        assert!(lines(&[]).is_empty());
    }
}
