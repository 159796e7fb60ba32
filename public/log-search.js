// Searches lines of logs for a regular expression, in a thread of its own: an expression that never
// ends holds up nobody, and the page stops this thread after a while.
//
// In:  { id, pattern, lines, limit }   lines: text, one line each; limit: matches reported of a line
// Out: { id, found } or { id, error }  found: [line, start, end, …] in UTF-16 units; error: the reason alone,
//      without "Invalid regular expression: /…/: ", which most browsers put before it
'use strict';

onmessage = ({ data: { id, pattern, lines, limit } }) => {
  let expression;
  try {
    expression = new RegExp(pattern, 'gi');
  } catch (error) {
    postMessage({ id, error: error.message.split(': ').pop() });
    return;
  }
  const found = [];
  lines.split('\n').forEach((line, number) => {
    expression.lastIndex = 0;
    for (let n = 0; n < limit; n += 1) {
      const match = expression.exec(line);
      if (!match) break;
      found.push(number, match.index, expression.lastIndex);
      if (match[0] === '') expression.lastIndex += 1;
    }
  });
  postMessage({ id, found: Uint32Array.from(found) });
};

postMessage({ ready: true });
