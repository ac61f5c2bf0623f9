"""Made-up names, domains of emails, and what odd names look like."""

GIVEN = (
    *("Ada", "Amir", "Bela", "Chen", "Cleo", "Dara", "Emil", "Fatou", "Finn", "Gia", "Goro", "Hana", "Hugo", "Ida"),
    *("Ivan", "Jose", "Kai", "Kofi", "Lea", "Mila", "Noor", "Otto", "Pia", "Rosa", "Sam", "Tara", "Vera", "Yara"),
)
FAMILY = (
    *("Abel", "Bauer", "Brandt", "Costa", "Diaz", "Dubois", "Eriksen", "Farkas", "Gallo", "Haddad", "Ito", "Jung"),
    *("Larsen", "Lopez", "Meyer", "Nagy", "Okafor", "Perez", "Quist", "Rey", "Silva", "Tanaka", "Ueda", "Vogel"),
)
#: Given and family name. A leading apostrophe is part of a name, whatever CSV makes of it.
ODD = (
    ("😀 Smile", "Ünal 👩‍👩‍👧"),
    ("משה", "כהן"),
    ("محمد", "الفاسي"),
    ("Anna", "'t Hooft"),
    ("'Amaka", "O'Neil"),
    ('Ann "Al"', "Comma, Semi; Tab\t"),
    ("N" * 150, "F" * 150),
    ("王", "小明"),
    ("  Spaced ", "e\u0301 \u200d"),
)
DOMAINS = ("mail.example", "corp.example", "inbox.test", "post.example", "firma.example.org", "univ.example.edu")
BIG = "In ancient times cats were worshipped as gods; they have not forgotten this. " * 110
