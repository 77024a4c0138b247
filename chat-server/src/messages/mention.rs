//! Whom a text names. Pure.

use hubbub_protocol::{User, UserId, limits::MENTIONS};

/// Whether a text can name anybody: most can't, and nobody has to be looked up for them.
pub fn may_mention(text: &str) -> bool {
    text.contains('@')
}

/// Whom of `candidates` a text names with `@` and their name, in whatever case; at most [`MENTIONS`], in the order of
/// the text. Of several names that fit, the longest counts; of several users with that name, all.
///
/// ```
/// use chat_server::messages::mention::mentions;
/// use hubbub_protocol::{User, UserId, UserName};
/// let user = |name| User { id: UserId::random(), name: UserName::parse(name).unwrap() };
/// let users = [user("Ada"), user("Ada Lovelace"), user("Charles")];
/// assert_eq!(mentions("@ada lovelace, is @Charles there?", &users), [users[1].id, users[2].id]);
/// assert_eq!(mentions("ada@charles.example, @Adalbert", &users), []);
/// ```
pub fn mentions(text: &str, candidates: &[User]) -> Vec<UserId> {
    let mut found = Vec::new();
    let mut before = None;
    for (place, c) in text.char_indices() {
        // An e-mail address names nobody.
        let begins = c == '@' && !before.is_some_and(char::is_alphanumeric);
        before = Some(c);
        if begins {
            let named = longest(&text[place + 1..], candidates);
            found.extend(named.into_iter().filter(|id| !found.contains(id)).collect::<Vec<_>>());
        }
        if found.len() >= MENTIONS {
            break;
        }
    }
    found.truncate(MENTIONS);
    found
}

/// The users with the longest name that `text` begins with.
fn longest(text: &str, candidates: &[User]) -> Vec<UserId> {
    let mut longest = 0;
    let mut named = Vec::new();
    for User { id, name } in candidates {
        let chars = name.as_str().chars().count();
        if chars >= longest && begins_with(text, name.as_str()) {
            if chars > longest {
                named.clear();
            }
            longest = chars;
            named.push(*id);
        }
    }
    named
}

fn begins_with(text: &str, name: &str) -> bool {
    let mut rest = text.chars();
    let same =
        name.chars().all(|c| rest.next().is_some_and(|other| other.to_lowercase().eq(c.to_lowercase())));
    same && !rest.next().is_some_and(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use hubbub_protocol::UserName;

    use super::*;

    fn user(name: &str) -> User {
        User { id: UserId::random(), name: UserName::parse(name).unwrap() }
    }

    #[test]
    fn everyone_of_a_name_is_meant_and_each_once() {
        let users = [user("Guest 4711"), user("guest 4711"), user("Grace")];
        assert_eq!(mentions("@Guest 4711 (@guest 4711!)", &users), [users[0].id, users[1].id]);
    }

    #[test]
    fn a_name_ends_where_its_letters_end_in_any_script() {
        let users = [user("Jürgen"), user("李雷")];
        assert_eq!(mentions("@JÜRGEN: @李雷，早上好", &users), [users[0].id, users[1].id]);
        assert_eq!(mentions("@Jürgens", &users), []);
    }

    #[test]
    fn no_more_are_mentioned_than_allowed() {
        let users: Vec<_> = (0..30).map(|n| user(&format!("u{n:02}"))).collect();
        let texts: Vec<_> = users.iter().map(|user| format!("@{}", user.name)).collect();
        assert_eq!(mentions(&texts.join(" "), &users).len(), MENTIONS);
        let namesakes: Vec<_> = (0..30).map(|_| user("Ada")).collect();
        assert_eq!(mentions("@Ada", &namesakes).len(), MENTIONS);
    }
}
