//! Names that are nearly right. Every word of a name is indexed by its trigrams too, as terms that no text can hold. A word
//! with one mistake still has one of its two halves whole (with two, one of its three thirds), so the index is asked for the
//! trigrams of the parts, which few names have; what comes back is judged by the true distance (Damerau–Levenshtein).

use std::collections::HashSet;

use crate::connection::Engine;

/// Begins a trigram in the index. Not a character of any word.
const GRAM: char = '\u{E001}';
/// Stands before and behind a word in its trigrams.
const EDGE: char = '\u{E002}';
/// Words shorter than this have to be right.
const SHORTEST: usize = 4;
/// Words at least this long may have two mistakes.
const LONG: usize = 8;
/// Longer words are not looked up: nobody types them by hand.
const LONGEST: usize = 30;
/// Words of a name that get trigrams.
const MOST_WORDS: usize = 8;

/// How many mistakes are forgiven in a word.
pub(super) fn forgiven(word: &str) -> usize {
    match word.chars().count() {
        0..SHORTEST => 0,
        SHORTEST..LONG => 1,
        LONG..=LONGEST => 2,
        _ => 0,
    }
}

/// The trigrams of the words of a name, as terms of the index.
pub(super) fn grams(words: &[String]) -> Vec<String> {
    let mut grams = Vec::new();
    let mut seen = HashSet::new();
    let long_enough = |word: &&String| (SHORTEST - 1..=LONGEST + 2).contains(&word.chars().count());
    for word in words.iter().filter(long_enough).take(MOST_WORDS) {
        for gram in grams_of(&edged(word)) {
            if seen.insert(gram.clone()) {
                grams.push(gram);
            }
        }
    }
    grams
}

fn edged(word: &str) -> Vec<char> {
    let mut characters = vec![EDGE];
    characters.extend(word.chars());
    characters.push(EDGE);
    characters
}

fn grams_of(characters: &[char]) -> Vec<String> {
    characters.windows(3).map(|three| std::iter::once(GRAM).chain(three.iter().copied()).collect()).collect()
}

/// What the index is asked for: names that have every word of `words`, right or nearly. `None` when no word may be wrong.
pub(super) fn expression(engine: Engine, words: &[String]) -> Option<String> {
    if !words.iter().any(|word| forgiven(word) > 0) {
        return None;
    }
    let (and, or, quote) = match engine {
        Engine::Sqlite => (" AND ", " OR ", '"'),
        Engine::Postgres => (" & ", " | ", '\''),
    };
    let term = |term: &str| format!("{quote}{term}{quote}");
    let all: Vec<String> = words
        .iter()
        .map(|word| {
            let mut ways = vec![term(word)];
            for part in parts(word) {
                let grams: Vec<String> = part.iter().map(|gram| term(gram)).collect();
                ways.push(format!("({})", grams.join(and)));
            }
            format!("({})", ways.join(or))
        })
        .collect();
    Some(all.join(and))
}

/// The trigrams of the parts of a word of which one must be whole.
fn parts(word: &str) -> Vec<Vec<String>> {
    let mistakes = forgiven(word);
    if mistakes == 0 {
        return Vec::new();
    }
    let characters = edged(word);
    let pieces = mistakes + 1;
    let cut = |n: usize| n * characters.len() / pieces;
    let mut parts: Vec<Vec<String>> = (0..pieces).map(|n| grams_of(&characters[cut(n)..cut(n + 1)])).collect();
    if mistakes == 1 {
        // Two neighbours that were exchanged may stand on both sides of the cut: then all but these is whole.
        let (left, right) = (grams_of(&characters[..cut(1) - 1]), grams_of(&characters[cut(1) + 1..]));
        parts.push(left.into_iter().chain(right).collect());
    }
    parts.retain(|grams| !grams.is_empty());
    parts
}

/// How far a name is from what was asked, in mistakes: each asked word is compared with the nearest of the name. `None`
/// when a word is too far.
pub(super) fn distance(asked: &[String], name: &[String]) -> Option<usize> {
    let mut total = 0;
    for word in asked {
        let most = forgiven(word);
        let nearest = name.iter().filter_map(|other| within(word, other, most)).min()?;
        total += nearest;
    }
    Some(total)
}

/// The distance of two words when it is at most `most`: characters put in, left out, exchanged for another or with their
/// neighbour count one each.
fn within(a: &str, b: &str, most: usize) -> Option<usize> {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > most {
        return None;
    }
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (last[j] + usize::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(before_last[j - 1] + 1);
            }
            row.push(best);
        }
        if row.iter().all(|n| *n > most) {
            return None;
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last.last().copied().filter(|n| *n <= most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    /// Whether the index would give a name for what is asked.
    fn given(asked: &str, name: &str) -> bool {
        let indexed = grams(&words(name));
        parts(asked).iter().any(|part| part.iter().all(|gram| indexed.contains(gram)))
    }

    #[test]
    fn mistakes_are_counted() {
        for (a, b, n) in
            [("alice", "alice", 0), ("alcie", "alice", 1), ("alce", "alice", 1), ("allice", "alice", 1), ("محمد", "محمود", 1)]
        {
            assert_eq!(within(a, b, 2), Some(n), "{a} {b}");
        }
        assert_eq!(within("alice", "bob", 1), None);
        assert_eq!(within("alice", "eclia", 2), None);
        assert_eq!(distance(&words("jonh smith"), &words("smith john")), Some(1));
        assert_eq!(distance(&words("jonh smith"), &words("smith")), None);
        assert_eq!(distance(&words("bon"), &words("bob")), None, "short words have to be right");
    }

    #[test]
    fn long_names_have_few_trigrams() {
        assert!(grams(&words(&"abcdefgh ".repeat(100))).len() <= MOST_WORDS * (LONGEST + 2));
        assert!(grams(&words("ab")).is_empty());
    }

    proptest! {
        #[test]
        fn one_mistake_never_hides_a_name(name in "[a-dم-ي]{5,7}", at in 0..7_usize, how in 0..4, with in "[a-e]") {
            let mut characters: Vec<char> = name.chars().collect();
            let at = at % characters.len();
            match how {
                0 => drop(characters.remove(at)),
                1 => characters.insert(at, with.chars().next().unwrap()),
                2 => characters[at] = with.chars().next().unwrap(),
                _ if at + 1 < characters.len() => characters.swap(at, at + 1),
                _ => {}
            }
            let typed: String = characters.into_iter().collect();
            if typed.chars().count() < 8 {
                prop_assert!(within(&typed, &name, 1).is_some());
                // A half of two characters has no trigram of its own.
                prop_assert!(given(&typed, &name) || parts(&typed).len() < 3, "{} for {}", typed, name);
            }
        }
    }
}
