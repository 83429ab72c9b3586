"""Skills: a vocabulary that everybody uses alike, and who has which."""

from __future__ import annotations

import csv
import io

import pytest
import yaml
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse

from people.configuration.files import apply_import, export_yaml, plan_import, read_yaml
from people.configuration.history import Asked, read_saves
from people.configuration.registry import ConfigError, sections
from people.configuration.restoring import restore
from people.models import PersonSkill, Skill, User
from people.skills.services import change_skill, create_skill, delete_skill, set_skills
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> User:
    return make_user("support", name="Ann Lee", email="ann@example.com")


def has(person: User) -> set[str]:
    return set(PersonSkill.objects.filter(person=person).values_list("skill__name", flat=True))


def test_a_skill_has_one_name_in_whatever_case(desk: User) -> None:
    made = create_skill(name="  Payments ", kind="area", by=desk)
    assert made.name == "Payments"
    for name, kind, field in (("PAYMENTS", "language", "name"), ("", "area", "name"), ("Go", "x", "kind")):
        with pytest.raises(ValidationError) as refused:
            create_skill(name=name, kind=kind, by=desk)
        assert list(refused.value.message_dict) == [field]
    with pytest.raises(IntegrityError), transaction.atomic():
        Skill.objects.create(name="payments", kind="area")
    change_skill(skill=made, name="Billing", kind="technical", by=desk)
    made.refresh_from_db()
    assert (made.name, made.kind) == ("Billing", "technical")


def test_a_skill_that_somebody_has_is_not_deleted(desk: User) -> None:
    made = create_skill(name="German", kind="language", by=desk)
    set_skills(person=desk, skills=[made], by=desk)
    with pytest.raises(ValidationError, match="is in use"):
        delete_skill(skill=made, by=desk)
    set_skills(person=desk, skills=[], by=desk)
    delete_skill(skill=made, by=desk)
    assert not Skill.objects.exists()


def test_the_vocabulary_is_for_its_editors_and_ones_own_skills_for_everybody(desk: User) -> None:
    seller = make_user("sales")
    made = create_skill(name="French", kind="language", by=desk)
    set_skills(person=seller, skills=[made], by=seller)
    assert has(seller) == {"French"}
    for act in (
        lambda: create_skill(name="Go", kind="technical", by=seller),
        lambda: set_skills(person=desk, skills=[made], by=seller),
        lambda: delete_skill(skill=made, by=seller),
    ):
        with pytest.raises(PermissionDenied):
            act()
    assert client_of(seller).get(reverse("people:skill_new")).status_code == 403
    assert client_of(seller).get(reverse("people:skills_of", args=[desk.pk])).status_code == 403
    assert client_of(seller).get(reverse("people:skills_of", args=[seller.pk])).status_code == 200


def test_the_pages_write_the_vocabulary_and_what_people_can_do(desk: User) -> None:
    client, page = client_of(desk), reverse("people:skills")
    assert b"No skills yet" in client.get(page).content
    made = client.post(reverse("people:skill_new"), {"name": "Payments", "kind": "area"}, follow=True)
    assert b"Payments is a skill now." in made.content
    again = client.post(reverse("people:skill_new"), {"name": "payments", "kind": "area"})
    assert again.status_code == 422
    assert b"Choose another name." in again.content
    skill = Skill.objects.get()
    mine = reverse("people:skills_of", args=[desk.pk])
    assert client.post(mine, {"area": [skill.pk]}).status_code == 302
    assert b"checked" in client.get(mine).content
    assert client.post(mine, {"area": ["7777"]}).status_code == 422
    assert b"Ann Lee" in client.get(page).content
    assert b"Payments" in client.get(f"{page}?show=people&q=ann").content
    assert b"Nobody fits" in client.get(f"{page}?show=people&q=zzz").content
    refused = client.post(reverse("people:skill_delete", args=[skill.pk]), follow=True)
    assert b"is in use" in refused.content
    client.post(mine, {})
    client.post(reverse("people:skill_delete", args=[skill.pk]))
    assert not Skill.objects.exists()


def test_the_lists_export_what_they_show(desk: User) -> None:
    made = create_skill(name="=Go", kind="technical", by=desk)
    set_skills(person=desk, skills=[made], by=desk)
    reader = client_as("finance")
    for show, column, value in (("skills", "People", "Ann Lee"), ("people", "Skills", "=Go")):
        sent = reader.get(reverse("people:skills"), {"show": show, "q": "ann", "export": "csv"})
        [row] = csv.DictReader(io.StringIO(b"".join(sent.streaming_content).decode("utf-8-sig")))  # type: ignore[attr-defined]
        assert value in row[column]


def test_a_file_brings_the_whole_vocabulary_and_who_has_what(desk: User) -> None:
    old = create_skill(name="Old", kind="technical", by=desk)
    set_skills(person=desk, skills=[old], by=desk)
    revops = make_user("revops")
    data = {
        "Payments": {"kind": "area", "people": [desk.email]},
        "German": {"kind": "language", "people": []},
    }
    read = read_yaml(yaml.safe_dump({"abe_configuration": 1, "skills": data}))
    [plan] = plan_import(read, is_published=False)
    assert plan.changes == [
        "Skill German: begins",
        "Skill Payments: begins",
        "Skill Payments: 1 person has or gets it",
        "Skill Old: is taken away",
    ]
    apply_import(read, by=revops, is_published=False)
    assert has(desk) == {"Payments"}
    assert set(Skill.objects.values_list("name", flat=True)) == {"German", "Payments"}
    assert plan_import(read_yaml(export_yaml(["skills"])), is_published=False)[0].changes == []
    data["German"]["people"] = ["nobody@example.com"]
    with pytest.raises(ConfigError, match="nobody here"):
        plan_import(read_yaml(yaml.safe_dump({"abe_configuration": 1, "skills": data})), is_published=False)


@pytest.mark.django_db(transaction=True)
def test_the_audit_tells_of_it_and_takes_it_back() -> None:
    desk, revops = make_user("support", name="Ann Lee"), make_user("revops")
    made = create_skill(name="German", kind="language", by=desk)
    set_skills(person=desk, skills=[made], by=desk)
    save = read_saves(Asked([sections["skills"]]), size=1)[0][0]
    assert save.author == "Ann Lee"
    restore(save=save, by=revops)
    assert has(desk) == set()
