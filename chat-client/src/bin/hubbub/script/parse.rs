//! Reads a script. All of it is checked before any of it is run.

use chat_client::api::Page;
use hubbub_protocol::{
    Emoji, MessageText, Offset, RoomName, UserName,
    http::Role,
    limits::{HISTORY_DEFAULT, HISTORY_MAX},
};

use super::command::{Command, Credentials, Logout};
use crate::suggest::unknown_command;

const COMMANDS: [&str; 33] = [
    "login", "register", "as", "logout", "closed", "password", "devices", "rename", "join", "leave", "who",
    "send", "post", "expect", "edit", "delete", "react", "unreact", "read", "unread", "history", "rooms",
    "create", "direct", "title", "topic", "members", "invite", "remove", "owner", "member", "forget",
    "private",
];

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) number: usize,
    pub(crate) source: String,
    pub(crate) command: Command,
}

/// What is wrong with a script, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub(crate) line: usize,
    pub(crate) problem: String,
}

/// Reads all lines, or says what is wrong with the first that is wrong.
pub(crate) fn parse(text: &str) -> Result<Vec<Line>, Mistake> {
    let mut logins = Vec::new();
    let mut lines = Vec::new();
    for (index, source) in text.lines().enumerate() {
        let source = source.trim();
        if source.is_empty() || source.starts_with('#') {
            continue;
        }
        let number = index + 1;
        let command = command(source, &mut logins).map_err(|problem| Mistake { line: number, problem })?;
        lines.push(Line { number, source: source.to_owned(), command });
    }
    Ok(lines)
}

/// Reads a line. `logins` are those that came before it, whether or not they will have succeeded.
fn command(source: &str, logins: &mut Vec<UserName>) -> Result<Command, String> {
    let (word, rest) = split(source);
    let command = match word {
        "login" | "register" => return login(word, rest, logins),
        "as" => Command::As(known(rest, logins)?),
        "logout" => Command::Logout(match rest {
            "" => Logout::This,
            "others" => Logout::Others,
            "all" => Logout::All,
            device => Logout::Device(known(device, logins)?),
        }),
        "closed" => nothing(rest, Command::Closed)?,
        "password" => Command::Password(password(rest)?),
        "devices" => nothing(rest, Command::Devices)?,
        "rename" => Command::Rename(name(rest)?),
        "join" => Command::Join(only_room(rest)?),
        "leave" => Command::Leave(only_room(rest)?),
        "who" => {
            let (first, names) = split(rest);
            let names = names.split(',').filter(|part| !part.trim().is_empty()).map(name);
            Command::Who(room(first)?, names.collect::<Result<_, _>>()?)
        }
        "send" => room_and_text(rest).map(|(room, text)| Command::Send(room, text))?,
        "post" => room_and_text(rest).map(|(room, text)| Command::Post(room, text))?,
        "expect" => room_and_text(rest).map(|(room, text)| Command::Expect(room, text))?,
        "edit" => {
            let (room, offset, rest) = place(rest)?;
            Command::Edit(room, offset, text(rest)?)
        }
        "delete" if rest == "account" => Command::DeleteAccount,
        "delete" if split(rest).1.is_empty() => Command::DeleteRoom(only_room(rest)?),
        "delete" => only_place(rest).map(|(room, offset)| Command::DeleteMessage(room, offset))?,
        "react" | "unreact" => {
            let (room, offset, rest) = place(rest)?;
            let emoji = Emoji::parse(rest).map_err(|invalid| format!("the emoji {invalid}"))?;
            Command::React(room, offset, emoji, word == "react")
        }
        "read" => only_place(rest).map(|(room, offset)| Command::Read(room, offset))?,
        "unread" => nothing(rest, Command::Unread)?,
        "history" => history(rest)?,
        "rooms" => nothing(rest, Command::Rooms)?,
        "create" | "private" => {
            let (first, title) = split(rest);
            let title = (!title.is_empty()).then(|| title.to_owned());
            if word == "create" {
                Command::Create(room(first)?, title)
            } else {
                Command::Private(room(first)?, title)
            }
        }
        "direct" => room_and_login(rest, logins).map(|(room, login)| Command::Direct(room, login))?,
        "title" => room_and_rest(rest).map(|(room, title)| Command::Title(room, title))?,
        "topic" => room_and_rest(rest).map(|(room, topic)| Command::Topic(room, topic))?,
        "members" => Command::Members(only_room(rest)?),
        "invite" | "member" => {
            room_and_login(rest, logins).map(|(room, login)| Command::Member(room, login, Role::Member))?
        }
        "owner" => {
            room_and_login(rest, logins).map(|(room, login)| Command::Member(room, login, Role::Owner))?
        }
        "remove" => room_and_login(rest, logins).map(|(room, login)| Command::Remove(room, login))?,
        "forget" => Command::Forget(only_room(rest)?),
        other => return Err(unknown_command(other, &COMMANDS)),
    };
    if logins.is_empty() {
        return Err("nobody is logged in yet; write \"login NAME\" before".to_owned());
    }
    Ok(command)
}

/// `NAME`, `NAME EMAIL PASSWORD`, or for `register` also `EMAIL PASSWORD`: the e-mail address is the word with an `@`.
fn login(word: &str, rest: &str, logins: &mut Vec<UserName>) -> Result<Command, String> {
    let Some(at) = rest.find('@') else {
        if word == "register" {
            return Err("an account needs an e-mail address and a password".to_owned());
        }
        let name = name(rest)?;
        if logins.contains(&name) {
            return Err(format!("{name} is logged in already; write \"as {name}\""));
        }
        logins.push(name.clone());
        return Ok(Command::Login(name, None));
    };
    let begin = rest[..at].rfind(char::is_whitespace).map_or(0, |space| space + 1);
    let (email, rest_of_it) = split(&rest[begin..]);
    let credentials = Credentials { email: email.to_owned(), password: password(rest_of_it)? };
    let name = match rest[..begin].trim() {
        "" if word == "register" && !logins.is_empty() => return Ok(Command::Upgrade(credentials)),
        text => name(text)?,
    };
    if !logins.contains(&name) {
        logins.push(name.clone());
    }
    Ok(if word == "register" {
        Command::Register(name, credentials)
    } else {
        Command::Login(name, Some(credentials))
    })
}

/// `ROOM`, `ROOM before OFFSET` or `ROOM after OFFSET`, and how many behind it.
fn history(rest: &str) -> Result<Command, String> {
    let (first, rest) = split(rest);
    let room = room(first)?;
    let (page, rest) = match split(rest) {
        ("before", rest) => split_offset(rest).map(|(offset, rest)| (Page::Before(offset), rest))?,
        ("after", rest) => split_offset(rest).map(|(offset, rest)| (Page::After(offset), rest))?,
        _ => (Page::Latest, rest),
    };
    let limit = match rest {
        "" => HISTORY_DEFAULT,
        number => number
            .parse()
            .ok()
            .filter(|limit| (1..=HISTORY_MAX).contains(limit))
            .ok_or_else(|| format!("{number:?} is no number from 1 to {HISTORY_MAX}"))?,
    };
    Ok(Command::History(room, page, limit))
}

fn split(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim())
}

fn name(text: &str) -> Result<UserName, String> {
    UserName::parse(text).map_err(|invalid| format!("the name {invalid}"))
}

fn known(text: &str, logins: &[UserName]) -> Result<UserName, String> {
    let name = name(text)?;
    if logins.contains(&name) {
        return Ok(name);
    }
    Err(format!("{name} is not logged in; write \"login {name}\" before"))
}

fn password(text: &str) -> Result<String, String> {
    if text.is_empty() { Err("the password is missing".to_owned()) } else { Ok(text.to_owned()) }
}

fn room(text: &str) -> Result<RoomName, String> {
    RoomName::parse(text).map_err(|invalid| format!("the room {invalid}"))
}

fn text(text: &str) -> Result<MessageText, String> {
    MessageText::parse(text).map_err(|invalid| format!("the text {invalid}"))
}

fn nothing(rest: &str, command: Command) -> Result<Command, String> {
    if rest.is_empty() { Ok(command) } else { Err(format!("{rest:?} is too much")) }
}

fn only_room(rest: &str) -> Result<RoomName, String> {
    let (first, more) = split(rest);
    if more.is_empty() { room(first) } else { Err(format!("{more:?} is too much behind the room")) }
}

fn room_and_text(rest: &str) -> Result<(RoomName, MessageText), String> {
    let (first, rest) = split(rest);
    Ok((room(first)?, text(rest)?))
}

fn room_and_rest(rest: &str) -> Result<(RoomName, String), String> {
    let (first, rest) = split(rest);
    Ok((room(first)?, rest.to_owned()))
}

fn room_and_login(rest: &str, logins: &[UserName]) -> Result<(RoomName, UserName), String> {
    let (first, rest) = split(rest);
    Ok((room(first)?, known(rest, logins)?))
}

fn split_offset(rest: &str) -> Result<(Offset, &str), String> {
    let (number, rest) = split(rest);
    let offset =
        number.parse().map_err(|_| format!("{number:?} is no offset; those of messages are shown"))?;
    Ok((offset, rest))
}

fn place(rest: &str) -> Result<(RoomName, Offset, &str), String> {
    let (first, rest) = split(rest);
    let (offset, rest) = split_offset(rest)?;
    Ok((room(first)?, offset, rest))
}

fn only_place(rest: &str) -> Result<(RoomName, Offset), String> {
    let (room, offset, more) = place(rest)?;
    if more.is_empty() { Ok((room, offset)) } else { Err(format!("{more:?} is too much behind the offset")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> (usize, String) {
        let mistake = parse(text).unwrap_err();
        (mistake.line, mistake.problem)
    }

    fn commands(text: &str) -> Vec<Command> {
        parse(text).unwrap().into_iter().map(|line| line.command).collect()
    }

    fn room() -> RoomName {
        RoomName::parse("tea").unwrap()
    }

    fn name(name: &str) -> UserName {
        UserName::parse(name).unwrap()
    }

    fn text(text: &str) -> MessageText {
        MessageText::parse(text).unwrap()
    }

    #[test]
    fn every_command_of_a_talk_is_read_and_comments_are_not() {
        let script = "# two of them\nlogin Ada Lovelace\n\n  join tea  \nsend tea one  two\nexpect tea one  two\n\
                      rename Ada\nas Ada Lovelace\nwho tea\nwho tea Ada, Grace Hopper\nleave tea\npost tea hi\n";
        let lines = parse(script).unwrap();
        assert_eq!((lines[0].number, lines[1].source.as_str()), (2, "join tea"));
        assert_eq!(
            commands(script),
            [
                Command::Login(name("Ada Lovelace"), None),
                Command::Join(room()),
                Command::Send(room(), text("one  two")),
                Command::Expect(room(), text("one  two")),
                Command::Rename(name("Ada")),
                Command::As(name("Ada Lovelace")),
                Command::Who(room(), vec![]),
                Command::Who(room(), vec![name("Ada"), name("Grace Hopper")]),
                Command::Leave(room()),
                Command::Post(room(), text("hi")),
            ]
        );
    }

    #[test]
    fn an_account_is_named_by_its_e_mail_address_and_a_login_by_the_words_before_it() {
        let credentials =
            || Credentials { email: "ada@example.org".to_owned(), password: "correct horse".to_owned() };
        let script = "register Ada Lovelace ada@example.org correct horse\nlogin phone ada@example.org correct horse\n\
                      register ada@example.org correct horse\ndevices\nlogout phone\nlogout others\nlogout all\nlogout\n\
                      closed\npassword new one\ndelete account";
        assert_eq!(
            commands(script),
            [
                Command::Register(name("Ada Lovelace"), credentials()),
                Command::Login(name("phone"), Some(credentials())),
                Command::Upgrade(credentials()),
                Command::Devices,
                Command::Logout(Logout::Device(name("phone"))),
                Command::Logout(Logout::Others),
                Command::Logout(Logout::All),
                Command::Logout(Logout::This),
                Command::Closed,
                Command::Password("new one".to_owned()),
                Command::DeleteAccount,
            ]
        );
    }

    #[test]
    fn every_command_about_messages_and_rooms_is_read() {
        let emoji = || Emoji::parse("👍").unwrap();
        let script = "login Ada\nedit tea 3 other words\ndelete tea 3\nreact tea 3 👍\nunreact tea 3 👍\nread tea 3\nunread\n\
                      history tea\nhistory tea before 9\nhistory tea after 2 10\nhistory tea 5\nrooms\ncreate tea\n\
                      private tea The Club\ndirect tea Ada\ntitle tea Tea time\ntopic tea\nmembers tea\ninvite tea Ada\n\
                      owner tea Ada\nmember tea Ada\nremove tea Ada\nforget tea\ndelete tea";
        assert_eq!(
            commands(script)[1..],
            [
                Command::Edit(room(), 3, text("other words")),
                Command::DeleteMessage(room(), 3),
                Command::React(room(), 3, emoji(), true),
                Command::React(room(), 3, emoji(), false),
                Command::Read(room(), 3),
                Command::Unread,
                Command::History(room(), Page::Latest, HISTORY_DEFAULT),
                Command::History(room(), Page::Before(9), HISTORY_DEFAULT),
                Command::History(room(), Page::After(2), 10),
                Command::History(room(), Page::Latest, 5),
                Command::Rooms,
                Command::Create(room(), None),
                Command::Private(room(), Some("The Club".to_owned())),
                Command::Direct(room(), name("Ada")),
                Command::Title(room(), "Tea time".to_owned()),
                Command::Topic(room(), String::new()),
                Command::Members(room()),
                Command::Member(room(), name("Ada"), Role::Member),
                Command::Member(room(), name("Ada"), Role::Owner),
                Command::Member(room(), name("Ada"), Role::Member),
                Command::Remove(room(), name("Ada")),
                Command::Forget(room()),
                Command::DeleteRoom(room()),
            ]
        );
    }

    #[test]
    fn a_mistake_is_named_with_its_line() {
        let cases = [
            ("login Ada\njion tea", 2, "\"jion\" is no command; did you mean \"join\"?"),
            ("join tea", 1, "nobody is logged in yet; write \"login NAME\" before"),
            ("login Ada\nas Bob", 2, "Bob is not logged in; write \"login Bob\" before"),
            ("login Ada\ninvite tea Bob", 2, "Bob is not logged in; write \"login Bob\" before"),
            ("login Ada\n#\nlogin Ada", 3, "Ada is logged in already; write \"as Ada\""),
            ("login", 1, "the name is empty"),
            ("register Ada", 1, "an account needs an e-mail address and a password"),
            ("register ada@example.org secret", 1, "the name is empty"),
            ("login Ada ada@example.org", 1, "the password is missing"),
            ("login Ada\njoin", 2, "the room is empty"),
            ("login Ada\njoin a/b", 2, "the room may have only letters, digits, '-', '_' and '.'"),
            ("login Ada\njoin tea now", 2, "\"now\" is too much behind the room"),
            ("login Ada\nsend tea", 2, "the text is empty"),
            ("login Ada\nedit tea first words", 2, "\"first\" is no offset; those of messages are shown"),
            ("login Ada\nread tea 3 4", 2, "\"4\" is too much behind the offset"),
            ("login Ada\nhistory tea before 3 0", 2, "\"0\" is no number from 1 to 500"),
            ("login Ada\ndevices now", 2, "\"now\" is too much"),
            ("login Ada\nreact tea 1 lol", 2, "the emoji is no emoji"),
        ];
        for (text, line, words) in cases {
            assert_eq!(problem(text), (line, words.to_owned()), "{text}");
        }
    }
}
