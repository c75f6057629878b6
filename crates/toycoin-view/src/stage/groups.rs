//! The groups of a partition.

use crate::{command::Refusal, limits::GROUPS};

/// Checks groups, and makes the nodes that are in none one more.
pub(crate) fn whole(mut groups: Vec<Vec<usize>>, nodes: usize) -> Result<Vec<Vec<usize>>, Refusal> {
    if groups.len() > GROUPS {
        return Err(Refusal::Unfit(format!("{} groups: at most {GROUPS} are possible", groups.len())));
    }
    let mut is_named = vec![false; nodes];
    for node in groups.iter().flatten() {
        match is_named.get_mut(*node) {
            None => return Err(Refusal::NoSuchNode { node: *node, nodes }),
            Some(true) => return Err(Refusal::Unfit(format!("node {node} is named twice; name each node once"))),
            Some(named) => *named = true,
        }
    }
    let rest: Vec<_> = (0..nodes).filter(|node| is_named.get(*node) == Some(&false)).collect();
    groups.push(rest);
    groups.retain(|group| !group.is_empty());
    if groups.len() < 2 {
        return Err(Refusal::Unfit("a partition needs two groups; leave some nodes out of the first".to_owned()));
    }
    Ok(groups)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unnamed_nodes_form_one_more_group() {
        assert_eq!(whole(vec![vec![0, 2]], 4), Ok(vec![vec![0, 2], vec![1, 3]]));
        assert_eq!(whole(vec![vec![0], vec![], vec![1]], 2), Ok(vec![vec![0], vec![1]]));
    }

    #[test]
    fn groups_that_make_no_partition_are_refused() {
        for groups in [vec![], vec![vec![0, 1]], vec![vec![0, 0]], vec![vec![0], vec![0]], vec![vec![]; 33]] {
            assert!(matches!(whole(groups.clone(), 2), Err(Refusal::Unfit(_))), "{groups:?}");
        }
        assert_eq!(whole(vec![vec![2]], 2), Err(Refusal::NoSuchNode { node: 2, nodes: 2 }));
    }
}
