//! Functions whose code is in a separately loaded part of the page.

/// Puts the code of a function into the part with this name, and defines `load`, which loads it. With the
/// feature `split`, the function fails until its part is loaded; without it, as in a plain `cargo leptos
/// watch`, all code is in one piece.
macro_rules! in_part {
    (
        $part:ident, $load:ident;
        $(#[$attribute:meta])*
        $visibility:vis fn $name:ident($($argument:ident: $type:ty),* $(,)?) -> $result:ty $body:block
    ) => {
        #[cfg(feature = "split")]
        #[::leptos::wasm_split::wasm_split(
            $part,
            wasm_split_path = ::leptos::wasm_split,
            preload($load),
            fallible
        )]
        $(#[$attribute])*
        $visibility fn $name($($argument: $type),*) -> $result $body

        #[cfg(not(feature = "split"))]
        $(#[$attribute])*
        $visibility async fn $name($($argument: $type),*) -> $result $body

        #[cfg(not(feature = "split"))]
        $visibility async fn $load() -> Result<(), ::leptos::wasm_split::SplitLoaderError> {
            Ok(())
        }
    };
}
pub(crate) use in_part;
