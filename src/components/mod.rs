//! Leaf views: values in, callbacks out; no context but the language, no fetching.
