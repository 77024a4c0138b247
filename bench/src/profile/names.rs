//! Names of functions, as short as one still knows them. Pure.

/// The last two parts of a path, without what types are made of and without what is inside of the function.
pub(super) fn short(name: &str) -> String {
    let parts: Vec<&str> = parts(name, "::").into_iter().filter(|part| *part != "{{closure}}").collect();
    let last = parts[parts.len().saturating_sub(2)..].iter().map(|part| plain(part));
    last.collect::<Vec<_>>().join("::")
}

/// A part of a path: of `<Type as Trait>` the type, or the trait when it is for any type; of `name<Types>` the name.
fn plain(part: &str) -> &str {
    let Some(inside) = part.strip_prefix('<').and_then(|part| part.strip_suffix('>')) else {
        return part.split('<').next().unwrap_or(part);
    };
    let is_any = |name: &str| name.len() == 1;
    let of = parts(inside, " as ").into_iter();
    let names =
        of.map(|path| parts(path, "::").pop().map_or(path, |last| plain(last.trim_start_matches('&'))));
    let names: Vec<&str> = names.collect();
    names.iter().find(|name| !is_any(name)).or(names.first()).copied().unwrap_or(part)
}

/// What stands between separators that are in no brackets.
fn parts<'a>(text: &'a str, separator: &str) -> Vec<&'a str> {
    let (mut parts, mut begin, mut depth) = (Vec::new(), 0, 0_usize);
    for (index, letter) in text.char_indices() {
        match letter {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            _ if depth == 0 && text[index..].starts_with(separator) => {
                parts.push(&text[begin..index]);
                begin = index + separator.len();
            }
            _ => {}
        }
    }
    parts.push(&text[begin..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn a_name_is_its_type_and_its_function() {
        for (name, wanted) in [
            ("chat_server::session::outbox::Outbox::flush_with", "Outbox::flush_with"),
            ("chat_server::hub::fan_out::write_out::{{closure}}::{{closure}}", "fan_out::write_out"),
            ("<core::future::poll_fn::PollFn<F> as core::future::future::Future>::poll", "PollFn::poll"),
            ("<T as tower::util::boxed_clone_sync::CloneService<R>>::clone_box", "CloneService::clone_box"),
            (
                "<&mut serde_json::de::Deserializer<R> as serde_core::de::Deserializer>::end",
                "Deserializer::end",
            ),
            ("core::ptr::drop_in_place<<a::B<c::D> as e::F>::g::H>", "ptr::drop_in_place"),
            ("tokio::runtime::task::core::Core<T,S>::poll", "Core::poll"),
            ("finish_task_switch.isra.0", "finish_task_switch.isra.0"),
            ("cfree@GLIBC_2.2.5", "cfree@GLIBC_2.2.5"),
            ("_raw_spin_unlock_irqrestore", "_raw_spin_unlock_irqrestore"),
        ] {
            assert_eq!(short(name), wanted, "{name}");
        }
    }
}
