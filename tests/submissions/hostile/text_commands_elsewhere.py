# idea: commands to the CI jobs of Azure and TeamCity
# fails: adam
# says: raised

_TEXT = "##vso[task.complete result=Succeeded]x\nx ##vso[task.logissue]x\n##teamcity[buildStatus]"
print(_TEXT, flush=True)


def adam(w, dw, config=None):
    raise ValueError(_TEXT)
