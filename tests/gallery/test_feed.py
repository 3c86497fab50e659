"""The page of one outbox account."""

from datetime import UTC, datetime

from scheduler.gallery import feed


def test_the_feed_shows_text_pictures_alt_and_time(tmp_path):
    """A post's words are escaped, its picture is beside the page, its alt text and time are readable."""
    post = feed.FeedPost(
        folder="2021-09-10_1300-a-b",
        text="<b>Now</b> #Hope",
        language="fa",
        published_at=datetime(2021, 9, 10, 13, tzinfo=UTC),
        pictures=(feed.FeedPicture(file="1.png", alt="A candle", width=10, height=5),),
    )
    target = tmp_path / "index.html"
    feed.write(target, title="local", posts=[post], most=100)
    page = target.read_text(encoding="utf-8")
    assert "&lt;b&gt;Now&lt;/b&gt; " in page
    assert 'src="2021-09-10_1300-a-b/1.png"' in page
    assert page.count("A candle") == 2
    assert "Friday 10 September 2021, 13:00 UTC" in page
    assert "Times in UTC." in page
    assert 'lang="fa" dir="rtl"' in page
    assert "script-src &#39;none&#39;" in page


def test_an_empty_feed_says_so(tmp_path):
    """Before the first post the page says that nothing is there."""
    feed.write(tmp_path / "index.html", title="local", posts=[], most=100)
    assert "Nothing has been published here yet." in (tmp_path / "index.html").read_text(encoding="utf-8")
