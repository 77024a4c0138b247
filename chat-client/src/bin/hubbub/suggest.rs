//! What somebody may have meant who mistyped a command.

/// The known word that is most like `word`, if it is like it at all.
pub(crate) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len() / 2)
        .min()
        .map(|(_, candidate)| candidate)
}

/// `"jion" is no command; did you mean "join"?`, or the list of all when nothing is near.
pub(crate) fn unknown_command(word: &str, known: &[&str]) -> String {
    match nearest(word, known) {
        Some(candidate) => format!("{word:?} is no command; did you mean {candidate:?}?"),
        None => format!("{word:?} is no command; there are {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_is_answered_with_the_command_that_was_meant() {
        let known = ["join", "leave", "send", "expect"];
        assert_eq!(nearest("jion", &known), Some("join"));
        assert_eq!(nearest("expct", &known), Some("expect"));
        assert_eq!(nearest("dance", &known), None);
        assert_eq!(
            unknown_command("dance", &known),
            "\"dance\" is no command; there are join, leave, send, expect"
        );
    }
}
