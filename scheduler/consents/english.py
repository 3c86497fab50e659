# ruff: noqa: RUF001  # the apostrophe of the pages
"""What is agreed to, in English. Words for everybody: short sentences, no word of the law."""

PHOTO, FILM = "photo", "film"
OUTBOX = "our own archive"

TITLES = {
    "begin": "What you give",
    "safe": "What we take out",
    "risk_low": "What stays risky",
    "everyone": "Everybody must agree",
    "back": "You can take it back",
    "kept": "What we keep",
}

PARAGRAPHS = {
    "begin": (
        "You give this {what} to {brand} for the action “{action}”. It may appear only here: {networks}. "
        "Your message appears with it."
    ),
    "look": "People of our team look at it first. If they say no, it doesn’t appear.",
    "safe": (
        "Before anybody sees it we take out what phones write into files: the place, the time, the phone. "
        "What can be seen stays: a street sign, a tattoo, a uniform."
    ),
    "voice": "In a film your voice can be heard. Some people can be recognised by their voice alone.",
    "risk_low": (
        "Once it is public, everybody can see it, copy it and keep it, also people who are against "
        "us. Somebody may recognise you."
    ),
    "risk_elevated": (
        "With this action the risk is higher. There are people who look for those who take part. You, your family or "
        "your friends could be threatened or questioned, here or in another country. It could matter at a border or "
        "for a visa. If you aren’t sure, cover the faces, or show only your hands and your message."
    ),
    "risk_high": (
        "This action can be dangerous. Governments or armed groups follow it. The picture could be used to punish you "
        "or people close to you, even years from now. We ask for no name and no place, and two people of our team "
        "check it. But nobody can make it safe. If somebody close to you could pay for it, please don’t send it."
    ),
    "covered": (
        "A covered face doesn’t hide a person. Clothes, hands, company and the place can also show who somebody is."
    ),
    "everyone": (
        "Everybody who can be recognised must agree. If only one of them changes their mind, that is enough: "
        "it is taken down."
    ),
    "back": (
        "You can take it back at any time. You get a code for it, and need no account and no reason. What hasn’t "
        "appeared yet is stopped at once. What has appeared we take down. Copies that other people have made we can’t "
        "call back."
    ),
    "kept": (
        "We keep as a proof: this text, the day, and what you ticked. We don’t keep where you were or which "
        "phone you have. Your own file is deleted as soon as we have made our safe copy. If we say no, that copy is "
        "deleted within 7 days; if nobody decides, within 30 days."
    ),
}

STATEMENTS = {
    "everyone": "Everybody who can be recognised in it has agreed.",
    "adult": "I am 18 or older, and so is everybody who can be recognised.",
    "guardian": "Somebody in it is under 18. I am their parent or guardian, and I agree for them.",
    "agree": "I have read this, and I agree.",
}
