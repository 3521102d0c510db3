/** Text that came from outside, made to be shown in HTML as just that text. Pure. */

/** What nobody can see, or turns the direction of what follows it. */
const INVISIBLE =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
const SIGNS: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Return text as HTML, for elements and for quoted attributes. */
export function escaped(text: string): string {
  return text.replace(INVISIBLE, '\ufffd').replace(/[&<>"']/g, (sign) => SIGNS[sign] ?? sign);
}
