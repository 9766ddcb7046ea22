"""Responses in several languages and scripts, made for these tests, and others beside them."""

from __future__ import annotations

from rewardmeter.auditing.edits import Material

ENGLISH = Material(
    "The river Thames flows through London for 45 km. It was bridged"
    ' on 12 March 1831, and the bridge is "open" to all.\n\n'
    "Visitors like three things:\n\n- the view from the **tower**\n-"
    " a walk along the bank\n- boats in summer\n\n"
    "The bridge cannot be crossed by lorries. Tickets are sold in Oxford at the old station.",
    "Where does the river Thames flow, and who built the bridge?",
    (
        "The poet lived in Dublin for most of his life. He wrote the poem there.",
        "Die Stadt liegt an der Elbe und hat einen Hafen, der nicht groß ist.",
        "A train from Vienna is the best way to get there. It takes some hours.",
    ),
    ("The Thames flows through London. The bridge was opened in 1831.",),
)
GERMAN = Material(
    "Der Rhein fließt durch Köln und ist 1230 km lang. Die Brücke"
    " wurde am 3. Mai 1894 eröffnet, sagte Anna Weber der"
    " Zeitung. Das Wort „Brücke“ ist nicht neu.\n\nAm Ufer gibt es:\n\n-"
    " einen Park mit alten Bäumen\n- ein Museum\n- viele Boote",
    "Wo fließt der Rhein, und wann wurde die Brücke eröffnet?",
    (
        "Der Hafen wurde von Peter Krause gebaut, und er ist in der Stadt bekannt.",
        "The town is on the coast and has a harbour that is not big.",
    ),
    ("Der Rhein fließt durch Köln.",),
)
RUSSIAN = Material(
    "Река Волга протекает через Казань и имеет длину 3530 км. Мост"
    " был открыт 5 мая 1956 года, и он не является новым."
    " Город «Казань» стоит на берегу.\n\nЗдесь есть:\n\n- старый парк\n- большой музей\n- лодки летом",
    "Где протекает река Волга и когда был открыт мост?",
    (
        "Поэт жил в городе Омске, и там он написал свои стихи.",
        "The town is on the coast and has a harbour that is not big.",
    ),
    ("Волга протекает через Казань.",),
)
CHINESE = Material(
    "长江流经武汉，全长6300公里。这座大桥于1957年10月15日通车，它是中国著"
    "名的桥梁。人们可以在“桥上”步行，但卡车不能通过。",
    "长江流经哪里？大桥什么时候通车？",
    ("诗人在杭州生活了很多年，他写了很多诗。", "The town is on the coast and has a harbour that is not big."),
    ("长江流经武汉，大桥1957年通车。",),
)
JAPANESE = Material(
    "信濃川は新潟を流れ、長さは367キロメートルです。この橋は1929年8月23日に"
    "完成しました。「萬代橋」は車で渡ることができます。",
    "信濃川はどこを流れていますか。橋はいつ完成しましたか。",
    ("詩人は京都で長く暮らしました。そこで多くの詩を書きました。",),
    ("信濃川は新潟を流れる。",),
)
ARABIC = Material(
    "يمر نهر النيل في مدينة القاهرة ويبلغ طوله ٦٦٥٠ كيلومتر من الجنوب"
    " إلى الشمال. افتتح الجسر في 15 مايو 1931 أمام الناس."
    " لا يمكن للشاحنات عبور «الجسر» في الليل.",
    "أين يمر نهر النيل ومتى افتتح الجسر؟",
    ("عاش الشاعر في مدينة دمشق وكتب هناك كل قصائده.", "The town is on the coast and has a harbour that is not big."),
    ("يمر نهر النيل في مدينة القاهرة.",),
)
CODE = Material(
    "def area(width, height):\n    # in square metres, 12 of 2024\n"
    "    if width < 0:\n        return None\n    return width * height\n",
    "Write a function that returns the area of a rectangle in square metres.",
    ("def double(x):\n    return 2 * x\n", "Die Stadt liegt an der Elbe und hat einen Hafen, der nicht groß ist."),
)
FENCED = Material(
    "Here is the function that you asked for:\n\n```python\ndef area(width,"
    " height):\n    return width * height\n```\n\n"
    "It is called with 2 numbers, and the result is a number.",
    "Write a function that returns the area of a rectangle in square metres.",
    ("The function prints a line. It returns nothing.",),
)
SAMPLES = {
    "en": ENGLISH,
    "de": GERMAN,
    "ru": RUSSIAN,
    "zh": CHINESE,
    "ja": JAPANESE,
    "ar": ARABIC,
    "code": CODE,
    "fenced": FENCED,
}
