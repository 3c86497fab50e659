# ruff: noqa: RUF001  # French has its own apostrophe and its spaces that don't break
"""What is agreed to, in French. Words for everybody: short sentences, no word of the law."""

PHOTO, FILM = "photo", "vidéo"
OUTBOX = "nos propres archives"

TITLES = {
    "begin": "Ce que vous donnez",
    "safe": "Ce que nous enlevons",
    "risk_low": "Ce qui reste risqué",
    "everyone": "Tout le monde doit être d’accord",
    "back": "Vous pouvez la reprendre",
    "kept": "Ce que nous gardons",
}

PARAGRAPHS = {
    "begin": (
        "Vous donnez cette {what} à {brand} pour l’action « {action} ». Elle ne peut paraître qu’ici : {networks}. "
        "Votre message paraît avec elle."
    ),
    "look": "Des personnes de notre équipe la regardent d’abord. Si elles disent non, elle ne paraît pas.",
    "safe": (
        "Avant que quelqu’un la voie, nous enlevons ce que les téléphones écrivent dans les fichiers : le lieu, "
        "l’heure, le téléphone. Ce qui se voit reste : un panneau de rue, un tatouage, un uniforme."
    ),
    "voice": "Dans une vidéo, on entend votre voix. Certaines personnes peuvent être reconnues à leur seule voix.",
    "risk_low": (
        "Une fois publique, tout le monde peut la voir, la copier et la garder, aussi des gens "
        "qui sont contre nous. Quelqu’un peut vous reconnaître."
    ),
    "risk_elevated": (
        "Avec cette action, le risque est plus grand. Des gens cherchent qui y participe. Vous, votre famille ou vos "
        "amis pourriez être menacés ou interrogés, ici ou dans un autre pays. Cela peut compter à une frontière ou "
        "pour un visa. Si vous avez un doute, couvrez les visages, ou montrez seulement vos mains et votre message."
    ),
    "risk_high": (
        "Cette action peut être dangereuse. Des gouvernements ou des groupes armés la suivent. L’image pourrait servir "
        "à vous punir, vous ou vos proches, même dans des années. Nous ne demandons ni nom ni lieu, et deux personnes "
        "de notre équipe vérifient. Mais personne ne peut la rendre sûre. Si un de vos proches pouvait en payer le "
        "prix, ne l’envoyez pas."
    ),
    "covered": (
        "Un visage couvert ne cache pas une personne. Les habits, les mains, l’entourage et le lieu peuvent aussi "
        "montrer qui c’est."
    ),
    "everyone": (
        "Toutes les personnes qu’on peut reconnaître doivent être d’accord. Si une seule change d’avis, cela suffit : "
        "elle est retirée."
    ),
    "back": (
        "Vous pouvez la reprendre à tout moment. Vous recevez un code pour cela ; il ne faut ni compte ni raison. Ce "
        "qui n’a pas encore paru est arrêté tout de suite. Ce qui a paru, nous le retirons. Nous ne pouvons pas "
        "rappeler les copies que d’autres ont faites."
    ),
    "kept": (
        "Nous gardons comme preuve : ce texte, le jour, et ce que vous avez coché. Nous ne gardons ni où vous étiez "
        "ni quel téléphone vous avez. Votre fichier est effacé dès que notre copie sûre est faite. Si nous disons "
        "non, cette copie est effacée en 7 jours au plus ; si personne ne décide, en 30 jours au plus."
    ),
}

STATEMENTS = {
    "everyone": "Toutes les personnes qu’on peut y reconnaître sont d’accord.",
    "adult": "J’ai 18 ans ou plus, et toutes les personnes qu’on peut reconnaître aussi.",
    "guardian": "Une personne y a moins de 18 ans. Je suis son parent ou tuteur, et j’accepte en son nom.",
    "agree": "J’ai lu ce texte, et je suis d’accord.",
}
