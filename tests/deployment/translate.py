"""Prints template.yaml as AWS would see it: SAM's transform applied, as JSON.

Uses the translator that the pinned aws-sam-cli brings, and asks no account for anything. The functions' code is not built
here: the place of each package is a stand-in, since the translator insists on one in a bucket.
"""

import json
import sys

from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator


def translate(path):
    """The template at this path with SAM's transform applied, its functions of CloudFormation still in it."""
    with open(path, encoding="utf-8") as file:
        template = yaml_parse(file.read())

    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://packages/function.zip"

    parameters = {name: str(given.get("Default", "")) for name, given in template["Parameters"].items()}
    parameters.update({"AWS::Region": "us-east-1", "AWS::Partition": "aws", "AWS::StackName": "multitask"})
    return Translator({}, Parser()).translate(template, parameters)


if __name__ == "__main__":
    json.dump(translate(sys.argv[1]), sys.stdout, indent=1)
