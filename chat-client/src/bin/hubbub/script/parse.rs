//! Reads a script. All of it is checked before any of it is run.

use hubbub_protocol::{MessageText, RoomName, UserName};

use crate::suggest::unknown_command;

const COMMANDS: [&str; 8] = ["login", "as", "join", "leave", "send", "rename", "expect", "who"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    /// A new guest, who is called so in the script from now on, and who speaks next.
    Login(UserName),
    /// This one speaks next.
    As(UserName),
    Join(RoomName),
    Leave(RoomName),
    Send(RoomName, MessageText),
    Rename(UserName),
    /// Waits for a message with this text.
    Expect(RoomName, MessageText),
    /// Who is there; with names, waits until it is them and nobody else.
    Who(RoomName, Vec<UserName>),
}

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
    let mut users = Vec::new();
    let mut lines = Vec::new();
    for (index, source) in text.lines().enumerate() {
        let source = source.trim();
        if source.is_empty() || source.starts_with('#') {
            continue;
        }
        let number = index + 1;
        let command = command(source, &mut users).map_err(|problem| Mistake { line: number, problem })?;
        lines.push(Line { number, source: source.to_owned(), command });
    }
    Ok(lines)
}

fn command(source: &str, users: &mut Vec<UserName>) -> Result<Command, String> {
    let (word, rest) = split(source);
    let command = match word {
        "login" => {
            let name = name(rest)?;
            if users.contains(&name) {
                return Err(format!("{name} is logged in already; write \"as {name}\""));
            }
            users.push(name.clone());
            return Ok(Command::Login(name));
        }
        "as" => {
            let name = name(rest)?;
            if !users.contains(&name) {
                return Err(format!("{name} is not logged in; write \"login {name}\" before"));
            }
            Command::As(name)
        }
        "join" => Command::Join(only_room(rest)?),
        "leave" => Command::Leave(only_room(rest)?),
        "send" => room_and_text(rest).map(|(room, text)| Command::Send(room, text))?,
        "expect" => room_and_text(rest).map(|(room, text)| Command::Expect(room, text))?,
        "rename" => Command::Rename(name(rest)?),
        "who" => {
            let (first, names) = split(rest);
            let names = names.split(',').filter(|part| !part.trim().is_empty()).map(name);
            Command::Who(room(first)?, names.collect::<Result<_, _>>()?)
        }
        other => return Err(unknown_command(other, &COMMANDS)),
    };
    if users.is_empty() {
        return Err("nobody is logged in yet; write \"login NAME\" before".to_owned());
    }
    Ok(command)
}

fn split(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim())
}

fn name(text: &str) -> Result<UserName, String> {
    UserName::parse(text).map_err(|invalid| format!("the name {invalid}"))
}

fn room(text: &str) -> Result<RoomName, String> {
    RoomName::parse(text).map_err(|invalid| format!("the room {invalid}"))
}

fn only_room(rest: &str) -> Result<RoomName, String> {
    let (first, more) = split(rest);
    if more.is_empty() { room(first) } else { Err(format!("{more:?} is too much behind the room")) }
}

fn room_and_text(rest: &str) -> Result<(RoomName, MessageText), String> {
    let (first, text) = split(rest);
    let text = MessageText::parse(text).map_err(|invalid| format!("the text {invalid}"))?;
    Ok((room(first)?, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> (usize, String) {
        let mistake = parse(text).unwrap_err();
        (mistake.line, mistake.problem)
    }

    #[test]
    fn every_command_is_read_and_comments_are_not() {
        let text = "# two of them\nlogin Ada Lovelace\n\n  join tea  \nsend tea one  two\nexpect tea one  two\n\
                    rename Ada\nas Ada Lovelace\nwho tea\nwho tea Ada, Grace Hopper\nleave tea\n";
        let lines = parse(text).unwrap();
        let room = || RoomName::parse("tea").unwrap();
        let name = |name: &str| UserName::parse(name).unwrap();
        let text = || MessageText::parse("one  two").unwrap();
        let commands: Vec<_> = lines.iter().map(|line| line.command.clone()).collect();
        assert_eq!(
            commands,
            [
                Command::Login(name("Ada Lovelace")),
                Command::Join(room()),
                Command::Send(room(), text()),
                Command::Expect(room(), text()),
                Command::Rename(name("Ada")),
                Command::As(name("Ada Lovelace")),
                Command::Who(room(), vec![]),
                Command::Who(room(), vec![name("Ada"), name("Grace Hopper")]),
                Command::Leave(room()),
            ]
        );
        assert_eq!((lines[0].number, lines[1].source.as_str()), (2, "join tea"));
    }

    #[test]
    fn a_mistake_is_named_with_its_line() {
        let cases = [
            ("login Ada\njion tea", 2, "\"jion\" is no command; did you mean \"join\"?"),
            ("join tea", 1, "nobody is logged in yet; write \"login NAME\" before"),
            ("login Ada\nas Bob", 2, "Bob is not logged in; write \"login Bob\" before"),
            ("login Ada\n#\nlogin Ada", 3, "Ada is logged in already; write \"as Ada\""),
            ("login", 1, "the name is empty"),
            ("login Ada\njoin", 2, "the room is empty"),
            ("login Ada\njoin a/b", 2, "the room may have only letters, digits, '-', '_' and '.'"),
            ("login Ada\njoin tea now", 2, "\"now\" is too much behind the room"),
            ("login Ada\nsend tea", 2, "the text is empty"),
        ];
        for (text, line, words) in cases {
            assert_eq!(problem(text), (line, words.to_owned()), "{text}");
        }
    }
}
