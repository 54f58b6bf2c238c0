// Text as HTML holds it, and back.

const entities = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

/** Text that means nothing else in HTML or in an attribute. */
export function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** The words of a piece of HTML. */
export function plainText(html) {
  return html.replaceAll(/<[^>]*>/g, '').replaceAll(/&(amp|lt|gt|quot|#39);/g, (_, name) => entities[name]);
}

/** Names of headings, as GitHub makes them, so that a link holds here and there. */
export function slugger() {
  const seen = new Map();
  return (title) => {
    const slug = title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(/\s/g, '-');
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    return times === 0 ? slug : `${slug}-${times}`;
  };
}
