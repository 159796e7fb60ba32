//! Functions whose code is in a part of the page that is loaded later.

/// Puts the code of a function into the part of that name, and makes `load`, which loads it. With the
/// feature `split` the function fails while its part is not loaded; without, as in a plain
/// `cargo leptos watch`, all code is in one piece and is always there.
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
