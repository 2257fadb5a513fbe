//! Finds the folders that a plan creates or removes as a whole.

use std::collections::BTreeSet;

use crate::change::Change;
use crate::name::RelPath;
use crate::project::{Content, Project};

/// The uppermost folders of which everything is created, or everything is removed.
pub(super) fn whole_folders(project: &Project, changes: &[Change]) -> Vec<RelPath> {
    let removed: BTreeSet<&RelPath> = changes
        .iter()
        .filter(|change| change.after.is_none())
        .map(|change| &change.path)
        .collect();
    let is_gone = |path: &RelPath| {
        removed.contains(path) || matches!(project.entry(path), Some(Content::Folder))
    };
    let is_whole = |folder: &RelPath, change: &Change| match change.before {
        None => project.entry(folder).is_none() && project.below(folder).next().is_none(),
        Some(_) => change.after.is_none() && project.below(folder).all(is_gone),
    };
    let mut whole: BTreeSet<RelPath> = BTreeSet::new();
    let mut others: BTreeSet<RelPath> = BTreeSet::new();
    for change in changes {
        let folders = std::iter::successors(change.path.parent(), RelPath::parent);
        let mut folders: Vec<RelPath> = folders.collect();
        // From the top: the first one that is whole is the uppermost.
        folders.reverse();
        for folder in folders {
            if whole.contains(&folder) {
                break;
            }
            if others.contains(&folder) {
                continue;
            }
            if is_whole(&folder, change) {
                whole.insert(folder);
                break;
            }
            others.insert(folder);
        }
    }
    whole.into_iter().collect()
}
