//! Detects responses that require a sign-in: the server's own, and those of a proxy in front of it. Pure.

/// The properties of a response from which its sender is determined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AnswerHead<'a> {
    /// The status; 0 for a redirect that was not followed.
    pub status: u16,
    /// Whether it is a redirect. Our server never redirects requests of the page's code.
    pub is_redirect: bool,
    /// The header `Content-Type`. Our server never sends HTML to the page's code.
    pub content_type: Option<&'a str>,
}

impl AnswerHead<'_> {
    /// Whether a sign-in is required. The server responds with 401. Proxies differ: some redirect to a
    /// sign-in page, some respond with 401, some with the page itself and 200 or 403. HTML with another
    /// status, such as 502, is the error page of a proxy whose server is unreachable.
    pub fn wants_sign_in(&self) -> bool {
        let is_html = self.content_type.is_some_and(|kind| {
            let kind = kind.split(';').next().unwrap_or_default().trim();
            kind.eq_ignore_ascii_case("text/html")
        });
        self.is_redirect
            || self.status == 401
            || (matches!(self.status, 200..=299 | 403) && is_html)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_401_and_a_page_in_place_of_an_answer_want_a_sign_in_and_nothing_else_does() {
        let redirect = AnswerHead {
            is_redirect: true,
            ..AnswerHead::default()
        };
        assert!(redirect.wants_sign_in());
        for (status, content_type, expected) in [
            (401, None, true),
            (401, Some("application/problem+json"), true),
            (200, Some("text/html"), true),
            (200, Some("Text/HTML; charset=utf-8"), true),
            (403, Some("text/html;charset=utf-8"), true),
            (200, Some("application/vnd.deckwatch"), false),
            (200, None, false),
            (304, None, false),
            (403, Some("application/problem+json"), false),
            (404, Some("text/html"), false),
            (429, Some("text/html"), false),
            (502, Some("text/html"), false),
            (503, Some("application/problem+json"), false),
        ] {
            let head = AnswerHead {
                status,
                is_redirect: false,
                content_type,
            };
            assert_eq!(head.wants_sign_in(), expected, "{status} {content_type:?}");
        }
    }
}
