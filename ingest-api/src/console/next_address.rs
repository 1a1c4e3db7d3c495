//! Where somebody goes after signing in: a page of the console, and nowhere else.

use console_pages::navigation::HOME;
use percent_encoding::percent_decode_str;

use crate::console::visit::SIGN_IN;
use crate::limits::CONSOLE_ADDRESS_BYTES_MAX;

/// The address if it is a page of the console, else the console's first one.
pub fn next_address(asked: &str) -> &str {
    if is_page(asked) { asked } else { HOME }
}

fn is_page(asked: &str) -> bool {
    let path = asked.split(['?', '#']).next().unwrap_or_default();
    // A browser takes a backslash for a slash, and resolves dots also where they are written as %2e.
    let Ok(decoded) = percent_decode_str(path).decode_utf8() else { return false };
    let is_plain = asked.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let has_dots = decoded.split(['/', '\\']).any(|segment| matches!(segment, "." | ".."));
    asked.len() <= CONSOLE_ADDRESS_BYTES_MAX
        && is_plain
        && !has_dots
        && path.starts_with(HOME)
        && !path.contains("//")
        && path != SIGN_IN
        && path != "/console/sign-out"
        // What a page asks for by itself is none: a stream of changes, a file of the assets.
        && !path.ends_with("/live")
        && !path.starts_with("/console/assets/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_of_the_console_is_gone_to() {
        for page in
            ["/console/", "/console/customers/cus_1?lang=en&q=a%20b", "/console/attempts?cursor=abc%2F..#row"]
        {
            assert_eq!(next_address(page), page);
        }
        for elsewhere in [
            "",
            "/",
            "/console",
            "console/customers",
            "https://evil.example/console/",
            "//evil.example/console/",
            "/\\evil.example",
            "/console/\\..\\..\\",
            "/console/../api/auth/me",
            "/console/%2e%2e/api",
            "/console/.%2E/api",
            "/console//evil.example",
            "/console/a b",
            "/console/a\r\nSet-Cookie: x=y",
            "/console/é",
            "/console/%ff",
            "/console/sign-in?next=/console/",
            "/console/sign-out",
            "/console/attempts/live",
            "/console/attempts/live?status=failed",
            "/console/assets/console.css",
            "javascript:alert(1)",
            "/consolex/",
            &format!("/console/{}", "x".repeat(CONSOLE_ADDRESS_BYTES_MAX)),
        ] {
            assert_eq!(next_address(elsewhere), HOME, "{elsewhere:?}");
        }
    }
}
