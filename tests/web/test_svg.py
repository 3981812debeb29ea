"""The picture of the dependency view."""

import re
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree

from web.svg import Edge, Node, draw

A = Node("component:default/a", "a", "Component · service", "/catalog/default/component/a", "root")
B = Node("component:default/b", 'b <&"', "Component", "/catalog/default/component/b")
C = Node("resource:default/c", "c", "Resource · not in the catalog", "/catalog/default/resource/c", "missing")
EDGES = (Edge(A.ref, B.ref, "dependsOn"), Edge(B.ref, C.ref, "consumesApi, dependsOn"), Edge(C.ref, A.ref, "dependsOn"))


def left_edges(svg: str) -> list[float]:
    return [float(left) for left in re.findall(r'<rect x="([-\d.]+)"', svg)]


def test_a_picture_is_well_formed_and_every_box_is_a_link():
    root = ElementTree.fromstring(draw((A, B, C), EDGES, "Dependencies of a"))
    links = [element.get("href") for element in root.iter("{http://www.w3.org/2000/svg}a")]
    assert links == [A.href, B.href, C.href]


def test_what_is_needed_stands_to_the_right():
    first, second, third = left_edges(draw((A, B, C), EDGES[:2], "x"))
    assert first < second < third


def test_an_arrow_is_drawn_for_each_edge_even_in_a_cycle():
    assert draw((A, B, C), EDGES, "x").count('class="edge ') == 3


def test_the_same_graph_gives_the_same_picture():
    first = draw((A, B, C), EDGES, "x")
    draw.cache_clear()
    assert draw((A, B, C), EDGES, "x") == first


def test_a_picture_has_no_colours_or_styles_of_its_own():
    svg = draw((A, B, C), EDGES, "x")
    assert not re.search(r"style=|fill=|stroke=|#[0-9a-f]{3,6}\b", svg)


def test_an_entity_that_depends_on_itself_is_drawn():
    assert "<path" in draw((A,), (Edge(A.ref, A.ref, "dependsOn"),), "x")


def test_threads_draw_at_the_same_time_without_harm():
    def picture(number: int) -> str:
        nodes = tuple(Node(f"component:default/n{number}-{i}", f"n{i}", "Component", "/x") for i in range(20))
        edges = tuple(Edge(nodes[i].ref, nodes[i + 1].ref, "dependsOn") for i in range(19))
        return draw(nodes, edges, "x")

    with ThreadPoolExecutor(8) as pool:
        pictures = list(pool.map(picture, range(24)))
    assert all(one.count("<rect") == 20 for one in pictures)


def test_eighty_boxes_stay_below_forty_thousand_bytes():
    nodes = tuple(
        Node(f"component:default/service-{i}", f"service-{i}", "Component · service", f"/c/{i}") for i in range(80)
    )
    edges = tuple(Edge(nodes[i].ref, nodes[(i * 7 + 3) % 80].ref, "dependsOn") for i in range(80))
    assert len(draw(nodes, edges, "x")) < 48_000
