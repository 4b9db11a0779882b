//! Sections of which a part can be written: what is different somewhere, over what holds everywhere.
//!
//! A section and its part are one declaration, so that a field that is configurable is so in both, with one name, one
//! type and one line of documentation.

use std::collections::BTreeMap;

/// A value over which a part can be laid.
pub(super) trait Partial {
    /// What can be said of it.
    type Part;

    /// Changes what the part says.
    fn lay(&mut self, part: Self::Part);
}

/// Values that are said whole or not at all.
macro_rules! whole {
    ($($type:ty),+) => {
        $(impl Partial for $type {
            type Part = Self;

            fn lay(&mut self, part: Self) {
                *self = part;
            }
        })+
    };
}
pub(super) use whole;

whole!(bool, u16, u32, u64, BTreeMap<String, String>);

impl<T> Partial for Vec<T> {
    type Part = Self;

    fn lay(&mut self, part: Self) {
        *self = part;
    }
}

impl<T> Partial for Option<T> {
    type Part = T;

    fn lay(&mut self, part: T) {
        *self = Some(part);
    }
}

/// Declares a section with its defaults, and the part that can be laid over it.
macro_rules! section {
    ($section:ident, $part:ident { $($(#[$about:meta])* $field:ident: $type:ty = $default:expr,)+ }) => {
        #[derive(Clone, Debug, serde::Deserialize)]
        #[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
        #[serde(deny_unknown_fields, default)]
        pub(super) struct $section {
            $($(#[$about])* $field: $type,)+
        }

        impl Default for $section {
            fn default() -> Self {
                Self { $($field: $default,)+ }
            }
        }

        #[derive(Clone, Debug, Default, serde::Deserialize)]
        #[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
        #[serde(deny_unknown_fields, default)]
        pub(super) struct $part {
            $($(#[$about])* $field: Option<<$type as $crate::config::partial::Partial>::Part>,)+
        }

        impl $crate::config::partial::Partial for $section {
            type Part = $part;

            fn lay(&mut self, part: $part) {
                $(if let Some(part) = part.$field {
                    $crate::config::partial::Partial::lay(&mut self.$field, part);
                })+
            }
        }
    };
}
pub(super) use section;

#[cfg(test)]
mod tests {
    use super::Partial as _;

    section!(Inner, InnerPart {
        /// A number.
        number: u32 = 7,
        /// A list.
        list: Vec<String> = vec!["a".to_owned()],
    });

    section!(Outer, OuterPart {
        /// A section.
        inner: Inner = Inner::default(),
        /// A text, or none.
        text: Option<String> = None,
    });

    #[track_caller]
    fn check(part: &str, number: u32, list: &[&str], text: Option<&str>) {
        let mut outer = Outer::default();
        outer.lay(crate::read::<OuterPart>(part).unwrap());
        assert_eq!((outer.inner.number, outer.text.as_deref()), (number, text), "{part}");
        assert_eq!(outer.inner.list, list, "{part}");
    }

    #[test]
    fn a_part_changes_what_it_says_and_nothing_else() {
        check("", 7, &["a"], None);
        check("inner: {number: 9}", 9, &["a"], None);
        check("inner: {list: []}\ntext: t", 7, &[], Some("t"));
        check("inner: {list: [b, c]}", 7, &["b", "c"], None);
    }

    #[test]
    fn a_part_is_read_as_strictly_as_the_section() {
        let problem = crate::read::<OuterPart>("inner:\n  numbr: 9").unwrap_err();
        assert_eq!((problem.path.as_str(), problem.line), ("inner.numbr", Some(2)));
        assert!(crate::read::<OuterPart>("inner: {number: many}").is_err());
    }
}
